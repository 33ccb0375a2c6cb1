import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import TestSupport

/// Eight command lines that sign up, open, check and pay on one database, two that run the jobs, and somebody who reads for
/// long: each gets its turn, and nothing that one was told is lost to another.
struct ManyProcesses: Trial {
    let name = "many processes"
    let engines: Set<Setting.Engine> = [.sqlite, .postgres]
    let weight = 1.0

    fileprivate static let writers = 8
    private static let jobRunners = 2
    private static let dueTrials = 300
    private static let payer = "payer@example.com"
    /// A visitor has one article less than there are writers who try to open one for her.
    private static let allowance = 5
    /// What each writer does in any case, so often.
    private static let leastRounds = 8
    /// What each runner of jobs tries in any case, so often.
    private static let leastTurns = 6
    /// No process gets less than this part of what all of its kind get on average.
    private static let leastShare = 1.0 / 3

    func run(_ setting: Setting) async throws -> Outcome {
        let place = try await TrialPlace.make(setting)
        defer { place.remove() }
        try await furnish(place)
        let desk = Desk(setting: setting, place: place)
        let (tallies, shares, runs) = try await work(desk, for: setting.time)
        var faults = tallies.flatMap(\.faults) + runs.flatMap(\.faults)
        faults += try await check(tallies, place)
        let (calls, jobs) = (tallies.map(\.calls), runs.map(\.jobs))
        let slowest = tallies.map(\.slowest).max() ?? .zero
        faults += ManyProcesses.starved("calls", calls) + ManyProcesses.starved("rounds by then", shares)
        faults += ManyProcesses.starved("runs of jobs", jobs)
        return Outcome(
            did:
                "\(calls.reduce(0, +)) calls by \(ManyProcesses.writers) processes, \(ManyProcesses.range(shares)) of "
                + "\(ManyProcesses.leastRounds) rounds when the first was done, the slowest \(slowest.milliseconds) ms; "
                + "\(jobs.reduce(0, +)) runs of jobs, \(ManyProcesses.range(jobs)) each",
            faults: faults.prefix(20).map { "seed \(setting.seed): \($0)" })
    }

    private static func starved(_ what: String, _ counts: [Int]) -> [String] {
        let average = Double(counts.reduce(0, +)) / Double(counts.count)
        guard Double(counts.min() ?? 0) < average * leastShare else { return [] }
        return ["one process starved: they came to \(counts.map(String.init).joined(separator: ", ")) \(what)"]
    }

    private static func range(_ counts: [Int]) -> String { "\(counts.min() ?? 0) to \(counts.max() ?? 0)" }

    /// Trials that have ended and that nobody has recorded yet, and an account that everybody pays for.
    private func furnish(_ place: TrialPlace) async throws {
        let past = WallClock.going(onFrom: WallClock.system.now() + .days(-15))
        try await place.furnish(past, anonymous: ManyProcesses.allowance, registered: ManyProcesses.allowance)
        let services = try await place.services(past)
        try await withThrowingTaskGroup { group in
            for number in 0..<ManyProcesses.dueTrials {
                group.addTask {
                    _ = try await services.accounts.signUp(email: EmailAddress(parsing: "due\(number)@example.com"))
                }
            }
            try await group.waitForAll()
        }
        _ = try await place.services().accounts.signUp(email: EmailAddress(parsing: ManyProcesses.payer))
    }

    // MARK: - Working

    /// - Returns: also how many rounds each writer had done when the first had done those that all do.
    private func work(
        _ desk: Desk, for time: Duration
    ) async throws -> (writers: [Tally], shares: [Int], runners: [Tally]) {
        let end = ContinuousClock().now + time
        let race = Race(runners: ManyProcesses.writers, goal: ManyProcesses.leastRounds)
        let isOver = Flag()
        async let reading: Void = onThread { try ManyProcesses.read(desk.place, until: isOver) }
        async let running = withThrowingTaskGroup { group in
            for number in 0..<ManyProcesses.jobRunners {
                group.addTask { try await onThread { try ManyProcesses.runJobs(desk, number, until: isOver) } }
            }
            return try await group.reduce(into: [Tally]()) { $0.append($1) }
        }
        // Whatever happens: those who wait for it would wait for ever.
        defer { isOver.raise() }
        let writers = try await withThrowingTaskGroup { group in
            for number in 0..<ManyProcesses.writers {
                group.addTask { try await onThread { try ManyProcesses.write(desk, number, race, until: end) } }
            }
            return try await group.reduce(into: [Tally]()) { $0.append($1) }
        }
        isOver.raise()
        try await reading
        return (writers, race.atFirst, try await running)
    }

    /// One writer's calls, a process each.
    private static func write(
        _ desk: Desk, _ writer: Int, _ race: Race, until end: ContinuousClock.Instant
    ) throws -> Tally {
        var tally = Tally()
        var round = 0
        while round < leastRounds || ContinuousClock().now < end {
            round += 1
            tally.rounds = round
            let shared = ManyProcesses.shared(round)
            if try desk.call(["signup", shared], "w\(writer)", may: [0, 65], &tally) == 0 {
                tally.shared.append(shared)
            }
            let visitor = "visitor-of-round-\(round)"
            let opened = try desk.call(
                ["open", "--visitor", visitor, "metered/article-\(writer)"], "w\(writer)", may: [0, 1], &tally)
            tally.opened[visitor] = opened == 0
            let reference = "ref-\(writer)-\(round)"
            if try desk.call(
                ["payment", "record", payer, "9.99", "EUR", "--reference", reference], "w\(writer)", may: [0], &tally)
                == 0
            {
                tally.paid.append(reference)
            }
            _ = try desk.call(["check", payer, "premium/article-\(writer)"], "w\(writer)", may: [0], &tally)
            let own = "own\(writer)-\(round)@example.com"
            if try desk.call(["signup", own], "w\(writer)", may: [0], &tally) == 0 { tally.own.append(own) }
            race.hasDoneARound(writer)
        }
        return tally
    }

    /// An address that all want in a round.
    private static func shared(_ round: Int) -> String { "shared\(round)@example.com" }

    private static func runJobs(_ desk: Desk, _ runner: Int, until isOver: Flag) throws -> Tally {
        var tally = Tally()
        var turns = 0
        while turns < leastTurns || !isOver.isRaised {
            turns += 1
            for job in ["trial-expiry", "outbox-delivery"] {
                let status = try desk.call(["jobs", "run", job, "--limit", "20"], "j\(runner)", may: [0, 75], &tally)
                // The other one has it: then this one does not.
                if status == 0 { tally.jobs += 1 }
            }
            _ = try desk.call(["jobs", "run-due"], "j\(runner)", may: [0], &tally)
        }
        return tally
    }

    /// Looks at one state of the database for a second at a time.
    private static func read(_ place: TrialPlace, until isOver: Flag) throws {
        let engine = try place.engine()
        while !isOver.isRaised {
            try engine.readInPlace { sql in
                let first = try sql.first("SELECT count(*) FROM events", []) { try $0.count(0) }
                for _ in 0..<20 where !isOver.isRaised { usleep(50_000) }
                let second = try sql.first("SELECT count(*) FROM events", []) { try $0.count(0) }
                guard first == second else {
                    throw MembershipError(.databaseDamaged, "A read saw two states of the database.")
                }
            }
        }
    }

    // MARK: - What is there

    private func check(_ tallies: [Tally], _ place: TrialPlace) async throws -> [String] {
        var faults: [String] = []
        var options = place.letters.options
        options.mail.destination = "nowhere:"
        let services = try await place.services(options: options)
        let references = tallies.flatMap(\.paid)
        let recorded = try await services.payments.list(AccountReference(parsing: ManyProcesses.payer))
        let settled = try await services.subscriptions.show(AccountReference(parsing: ManyProcesses.payer))
            .settledPeriods
        if recorded.compactMap(\.reference).sorted() != references.sorted() || settled != references.count {
            faults.append(
                "\(references.count) payments acknowledged, \(recorded.count) recorded, \(settled) periods settled")
        }
        for visitor in Set(tallies.flatMap(\.opened.keys)).sorted() {
            let tried = tallies.compactMap { $0.opened[visitor] }
            let admitted = tried.count { $0 }
            if admitted != min(ManyProcesses.allowance, tried.count) {
                faults.append("\(visitor) was let in \(admitted) times of \(tried.count)")
            }
        }
        let shared = Dictionary(tallies.flatMap(\.shared).map { ($0, 1) }) { $0 + $1 }
        let rounds = tallies.map(\.rounds).max() ?? 0
        for email in (1...max(1, rounds)).map(ManyProcesses.shared) where shared[email] != 1 {
            faults.append("\(email) signed up \(shared[email] ?? 0) times")
        }
        for email in tallies.flatMap(\.own) + shared.keys {
            do {
                _ = try await services.accounts.overview(AccountReference(parsing: email))
            } catch {
                faults.append("\(email) was acknowledged, and is gone: \(error)")
            }
        }
        for job in ["trial-expiry", "renewal", "trial-reminder", "outbox-delivery"] {
            _ = try await services.jobs.run(job)
        }
        return faults + (try await WholeDatabase(location: place.location(), clock: .system).faults())
    }
}

/// How far each of several had come when the first of them was done: whoever is starved has come less far, though all get
/// there in the end.
private final class Race: Sendable {
    private let goal: Int
    private let state: Locked<(rounds: [Int], atFirst: [Int]?)>

    init(runners: Int, goal: Int) {
        self.goal = goal
        state = Locked((rounds: Array(repeating: 0, count: runners), atFirst: nil))
    }

    func hasDoneARound(_ runner: Int) {
        state.withLock { state in
            state.rounds[runner] += 1
            if state.atFirst == nil, state.rounds[runner] == goal { state.atFirst = state.rounds }
        }
    }

    var atFirst: [Int] { state.withLock { $0.atFirst ?? $0.rounds } }
}

/// What a process was told, call by call.
private struct Tally: Sendable {
    var calls = 0
    /// The jobs that it ran, and not another.
    var jobs = 0
    var slowest = Duration.zero
    var faults: [String] = []
    var rounds = 0
    var own: [String] = []
    var shared: [String] = []
    var paid: [String] = []
    /// Whether a visitor was let in.
    var opened: [String: Bool] = [:]
}

/// Where the command line is called.
private struct Desk: Sendable {
    let setting: Setting
    let place: TrialPlace

    /// Runs a command to its end.
    ///
    /// - Parameters:
    ///   - caller: whose it is.
    ///   - statuses: what it may end with; anything else is a fault.
    func call(_ words: [String], _ caller: String, may statuses: Set<Int32>, _ tally: inout Tally) throws -> Int32 {
        let complaints = place.folder + "/\(caller).err"
        let begun = ContinuousClock().now
        let process = try SpawnedProcess(
            setting.fortnight, words,
            variables: [
                "FORTNIGHT_DATABASE": place.address, "FORTNIGHT_KEY_FILE": place.keyPath,
                "FORTNIGHT_MAIL": "nowhere:", "FORTNIGHT_MAIL_FROM": "Torture <torture@example.com>",
            ], errors: .file(complaints))
        let status = process.wait(atMost: .seconds(60))
        tally.calls += 1
        tally.slowest = max(tally.slowest, ContinuousClock().now - begun)
        let said = (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? ""
        // Of the database nobody may hear that it is busy; of a job, that another runs it.
        if !statuses.contains(status) || status == 75 && !said.contains("is being run by") {
            tally.faults.append("\(words.joined(separator: " ")) ended with \(status): \(said)")
        }
        return status
    }
}

/// Something that is so from some moment on.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}
