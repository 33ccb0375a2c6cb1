import ArgumentParser
import Membership
import MembershipService

struct RestoreCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in place as the database; or show which moments there are.",
        discussion: """
            It goes where --database or FORTNIGHT_DATABASE says, where there must be no database yet: stop \
            everything that uses the old one, and move it, its -wal and its -shm away. The backup is looked at before, \
            and is not touched. The key of the trial ledger is put in place too, when it is beside the backup.

            Of a directory of fortnight backup --to-dir the newest moment is restored, or the last one up to --at.

            Example:
              fortnight restore /backup/fortnight-2026-05-03.db
              fortnight restore --list /backup/fortnight
              fortnight restore /backup/fortnight --at 2026-05-03T10:00:00Z
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A file that fortnight backup made, or a directory that it keeps.")
    var backup: String

    @Option(help: ArgumentHelp("Restore the last moment up to this one; RFC 3339 with its zone.", valueName: "time"))
    var at: String?

    @Flag(help: "Restore nothing; show which moments the directory has.")
    var list = false

    func validate() throws {
        guard !list || at == nil else { throw ValidationError("--list and --at cannot both be.") }
    }

    func perform() async throws {
        let time = try at.map { try Timestamp(rfc3339: $0) }
        let restoration = DatabaseRestoration(of: backup)
        if list { return try show(restoration.extents()) }
        let location = try global.location()
        let report = try restoration.restore(to: location, at: time)
        if let missingKey = report.missingKey {
            global.console.note("The database has no key for its trial ledger: \(missingKey)")
        }
        if global.json {
            try global.console.document(RestoreView(report, database: location.name, backup: backup))
            return
        }
        global.console.line(
            "Restored \(location.name) from \(backup): \(report.bytes) bytes, sound, at schema version "
                + "\(report.schemaVersion).")
        if let moment = report.moment {
            global.console.line(
                "It is as of \(moment.copiedAt); everything that was acknowledged before "
                    + "\(moment.completeUntil) is in it.")
        }
        global.console.line(
            report.isOlder
                ? "It is older than this program: bring it forward with fortnight migrate."
                : "Look at it with fortnight doctor before you go on.")
    }

    private func show(_ extents: [DatabaseRestoration.Extent]) throws {
        if global.json {
            for extent in extents { try global.console.document(ExtentView(extent), onOneLine: true) }
            return
        }
        var table = Table("COPY", "FROM", "UNTIL", "MOMENTS", "BYTES", "STATE")
        for extent in extents {
            table.add(
                extent.name, extent.from?.rfc3339 ?? "", extent.until?.rfc3339 ?? "", String(moments(of: extent)),
                String(extent.bytes), extent.fault ?? "ok")
        }
        global.console.line(table.text)
    }
}

/// The copy itself is a moment, and so is each piece of log.
private func moments(of extent: DatabaseRestoration.Extent) -> Int {
    extent.from == nil ? 0 : extent.segments + 1
}

private struct RestoreView: Encodable {
    let database: String
    let backup: String
    @ExplicitNull var copiedAt: Timestamp?
    @ExplicitNull var completeUntil: Timestamp?
    let bytes: Int
    let schemaVersion: Int
    let older: Bool
    let key: Bool

    init(_ report: DatabaseRestoration.Report, database: String, backup: String) {
        self.database = database
        self.backup = backup
        copiedAt = report.moment?.copiedAt
        completeUntil = report.moment?.completeUntil
        bytes = report.bytes
        schemaVersion = report.schemaVersion
        older = report.isOlder
        key = report.missingKey == nil
    }
}

private struct ExtentView: Encodable {
    let copy: String
    @ExplicitNull var from: Timestamp?
    @ExplicitNull var until: Timestamp?
    let moments: Int
    let bytes: Int
    @ExplicitNull var fault: String?

    init(_ extent: DatabaseRestoration.Extent) {
        copy = extent.name
        from = extent.from
        until = extent.until
        moments = fortnight.moments(of: extent)
        bytes = extent.bytes
        fault = extent.fault
    }
}
