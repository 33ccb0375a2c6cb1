import ArgumentParser
import Membership
import MembershipService

struct BackupCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database while it is in use: once, or as it is at every moment.",
        discussion: """
            The copy is of one moment, others read and write meanwhile, and it is looked at before it gets its name. \
            The key of the trial ledger is copied beside it, with .key behind its name. Both hold what \
            concerns readers: keep them as you keep the database.

            With --to-dir it goes on until SIGTERM or SIGINT: the database is copied into the directory, and then what \
            is written to it, every second, so that fortnight restore --at can go back to any moment. \
            A line on standard error tells of each copy of the whole database.

            Example:
              fortnight backup /backup/fortnight-2026-05-03.db
              fortnight backup --to-dir /backup/fortnight --keep 30d
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The file to make. What is there is never overwritten.")
    var to: String?

    @Option(
        help: ArgumentHelp("Keep this directory, for any moment, and go on until told to stop.", valueName: "directory")
    )
    var toDir: String?

    @Option(
        help: ArgumentHelp("With --to-dir: how often what is new is copied, 1s to 1h (default: 1s).", valueName: "time")
    )
    var every: String?

    @Flag(help: "With --to-dir: copy what is new once, and end.")
    var once = false

    @Option(
        help: ArgumentHelp(
            "With --to-dir: when to copy the whole database again, 1m to 365d (default: 1d).", valueName: "time"))
    var baseEvery: String?

    @Option(
        help: ArgumentHelp(
            "With --to-dir: for how long back every moment is kept (default: for ever).", valueName: "time"))
    var keep: String?

    @Flag(help: "Leave the key of the trial ledger out, where it is kept apart.")
    var withoutKey = false

    func validate() throws {
        guard (to == nil) != (toDir == nil) else {
            throw ValidationError("Name a file to make, or a directory with --to-dir, and not both.")
        }
        guard toDir != nil || (every == nil && !once && baseEvery == nil && keep == nil) else {
            throw ValidationError("--every, --once, --base-every and --keep go with --to-dir.")
        }
        guard every == nil || !once else { throw ValidationError("--every and --once cannot both be.") }
    }

    func perform() async throws {
        let location = try global.location()
        if let toDir {
            try await follow(DatabaseBackup(of: location), into: toDir, location.name)
        } else if let to {
            try make(DatabaseBackup(of: location), at: to, location.name)
        }
    }

    private func make(_ backup: DatabaseBackup, at path: String, _ name: String) throws {
        let bar = ProgressBar(label: "Copying \(name)", isQuiet: global.json)
        defer { bar.clear() }
        let report = try backup.make(at: path, withKey: !withoutKey, progress: bar.show)
        bar.clear()
        if let missingKey = report.missingKey {
            global.console.note("The backup has no key for its trial ledger: \(missingKey)")
        }
        if global.json {
            try global.console.document(BackupView(report, database: name, backup: path))
            return
        }
        global.console.line(
            "Made \(path), a backup of \(name): \(report.bytes) bytes, sound, at schema version "
                + "\(report.schemaVersion).")
        if let key = report.keyPath { global.console.line("Its key is \(key).") }
    }

    private func follow(_ backup: DatabaseBackup, into directory: String, _ name: String) async throws {
        var options = DatabaseBackup.FollowOptions()
        options.withKey = !withoutKey
        options.newBaseAfter = try span(baseEvery, "--base-every", .minutes(1), .days(365)) ?? options.newBaseAfter
        options.keep = try keep.map { try TimeSpan(parsing: $0) }
        let wait = try span(every, "--every", TimeSpan(milliseconds: 1000), .hours(1))
        let follow = BackupRounds(
            backup: backup, directory: directory, options: options,
            wait: wait ?? TimeSpan(milliseconds: 1000), console: global.console)
        if once {
            let step = try follow.begun().followOnce()
            if global.json {
                try global.console.document(StepView(step, database: name, directory: directory))
            } else {
                follow.tell(of: step)
                global.console.line("\(directory) has everything until \(step.completeUntil).")
            }
            return
        }
        try await RepeatedWork(
            begin: { try follow.begun() }, round: { follower, turn in try follow.goOn(follower, isLast: turn.isLast) }
        ).runUntilStopped("Copying what is written to \(name) into \(directory)", global.console)
    }

    private func span(_ text: String?, _ option: String, _ least: TimeSpan, _ most: TimeSpan) throws -> TimeSpan? {
        guard let text else { return nil }
        let span = try TimeSpan(parsing: text)
        guard (least...most).contains(span) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a time for \(option).", remedy: "Give \(least) to \(most).")
        }
        return span
    }
}

/// Copies what is new, again and again, and tells of it.
private struct BackupRounds: Sendable {
    let backup: DatabaseBackup
    let directory: String
    let options: DatabaseBackup.FollowOptions
    let wait: TimeSpan
    let console: Console

    func begun() throws -> BackupFollower {
        let follower = try backup.follow(into: directory, options)
        if let missingKey = follower.missingKey {
            console.note("The directory has no key for the trial ledger: \(missingKey)")
        }
        return follower
    }

    /// - Returns: how long until the next round.
    func goOn(_ follower: BackupFollower, isLast: Bool) throws -> TimeSpan {
        do {
            tell(of: try follower.followOnce())
        } catch let error as MembershipError where error.code == .databaseBusy && !isLast {
            console.note(error.message)
        }
        return wait
    }

    func tell(of step: BackupFollower.Step) {
        if let why = step.newBase {
            console.note("\(step.completeUntil) copied the whole database: \(why).")
        }
        if step.removed > 0 { console.note("\(step.completeUntil) removed \(step.removed) older copies.") }
    }
}

private struct BackupView: Encodable {
    let database: String
    let backup: String
    let bytes: Int
    let schemaVersion: Int
    @ExplicitNull var key: String?

    init(_ report: DatabaseBackup.Report, database: String, backup: String) {
        self.database = database
        self.backup = backup
        bytes = report.bytes
        schemaVersion = report.schemaVersion
        key = report.keyPath
    }
}

private struct StepView: Encodable {
    let database: String
    let directory: String
    let completeUntil: Timestamp
    let pages: Int
    @ExplicitNull var newBase: String?
    let removed: Int

    init(_ step: BackupFollower.Step, database: String, directory: String) {
        self.database = database
        self.directory = directory
        completeUntil = step.completeUntil
        pages = step.pages
        newBase = step.newBase
        removed = step.removed
    }
}
