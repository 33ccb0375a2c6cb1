import Foundation
import Membership
import MembershipService
import MembershipStore
import TestSupport

/// Kills processes with SIGKILL at random moments while they sign up, open, pay, renew, expire and deliver, on SQLite also
/// one that keeps a directory of backups, and looks at what is there: all that was acknowledged, and nothing half.
struct Kills: Trial {
    let name = "kill -9"
    let engines: Set<Setting.Engine> = [.sqlite, .postgres]
    let weight = 3.0

    /// The least that is promised.
    private static let leastRounds = 200

    func run(_ setting: Setting) async throws -> Outcome {
        let place = try await TrialPlace.make(setting)
        var site = try await KillSite(place: place, setting: setting)
        defer { site.endFollower() }
        let begun = ContinuousClock().now
        var round = 0
        while round < Kills.leastRounds || ContinuousClock().now - begun < setting.time {
            round += 1
            try await site.kill(round)
            if round % 25 == 0 { try await site.examine(round) }
            if round % 50 == 0 { try await site.examineCopies(round) }
            // What is broken once is broken in every round after.
            if site.faults.count > 20 { break }
        }
        if round % 25 != 0 { try await site.examine(round) }
        if round % 50 != 0 { try await site.examineCopies(round) }
        try await site.compareEverything(round)
        site.requireEveryKind(round)
        // What cannot be explained can be looked at.
        if site.faults.isEmpty { place.remove() } else { site.faults.append("the database is left in \(place.folder)") }
        return Outcome(
            did:
                "\(site.kills) kills in \(round) rounds; \(site.acknowledgedInAll) acknowledged, "
                + "\(site.askedAgain) cut off and asked again; \(site.letters) letters"
                + (site.follower.map {
                    "; \($0.kills) kills of backup, \($0.continued) gone on from, \($0.restored) restored, "
                        + "\($0.bounded) of them between two rounds"
                } ?? ""),
            faults: site.faults)
    }
}

/// A database whose workers are killed, and all that their clients know of it.
private struct KillSite {
    private let place: TrialPlace
    private let setting: Setting
    private let clock = MovedClock(at: KillSite.start)
    private var choices: SeededNumbers
    /// Everybody who signed up, oldest first.
    private var readers: [String] = []
    /// The payments that were acknowledged, by whose they are and reference.
    private var paid: [String: [String: Int]] = [:]

    private(set) var kills = 0
    /// Copies what is written meanwhile; nil on PostgreSQL, which has its own.
    private(set) var follower: KilledFollower?
    /// How many of each kind were acknowledged.
    private var acknowledged: [String: Int] = [:]
    /// All that ever was.
    private var told = ToldFacts()
    /// What was since everything was looked at.
    private var lately: [(call: ClientCall, answer: String)] = []
    private(set) var askedAgain = 0
    private(set) var letters = 0
    var faults: [String] = []

    private static let start = Timestamp(milliseconds: 1_767_225_600_000)  // 2026-01-01T00:00:00Z
    /// So much time passes from one round to the next that trials and months end all the time.
    private static let step = TimeSpan.hours(18)

    init(place: TrialPlace, setting: Setting) async throws {
        (self.place, self.setting, choices) = (place, setting, SeededNumbers(seed: setting.seed))
        if setting.engine == .sqlite {
            follower = KilledFollower(place: place, fortnight: setting.fortnight, seed: setting.seed)
        }
        try await place.furnish(clock.wallClock, anonymous: 3, registered: 5)
    }

    // MARK: - A round

    /// Lets one or two workers begin, kills each at any moment, or a little after it has acknowledged something, and looks
    /// at what is there.
    mutating func kill(_ round: Int) async throws {
        clock.move(to: KillSite.start + TimeSpan(milliseconds: KillSite.step.milliseconds * Int64(round)))
        var workers: [(process: SpawnedProcess, log: String, complaints: String, delay: Int)] = []
        // None outlives a round that could not be ended.
        defer { for worker in workers where worker.process.isRunning { worker.process.end() } }
        try follower?.goOn()
        let due = try await readersToRenew()
        // The clock of one machine: what one worker does after the other it does later.
        let since = WallClock.uptime
        // Most of what can break is written behind the first answer; what is written before it is killed too.
        let waitsForAnswer = choices.chance(70)
        for letter in choices.chance(50) ? ["a"] : ["a", "b"] {
            let log = place.folder + "/\(round)\(letter).log"
            let complaints = place.folder + "/\(round)\(letter).err"
            let process = try SpawnedProcess(
                SpawnedProcess.ourselves,
                [
                    "worker", "--folder", place.folder, "--log", log, "--at", String(clock.now.milliseconds),
                    "--since", String(since), "--seed", String(choices.next()), "--name", "\(round)\(letter)",
                    "--known", (due + someReaders()).joined(separator: ","),
                ],
                variables: [KilledWorker.addressVariable: place.address], errors: .file(complaints))
            workers.append((process, log, complaints, 1 + choices.below(80)))
        }
        for worker in workers {
            if waitsForAnswer { await KillSite.waitForAnswer(in: worker.log, of: worker.process) }
            try await Task.sleep(for: .milliseconds(worker.delay))
            let status = worker.process.end()
            kills += 1
            if status != -SIGKILL {
                let said = (try? String(contentsOfFile: worker.complaints, encoding: .utf8)) ?? ""
                fault(round, "a worker ended by itself with \(status): \(said)")
            }
        }
        if follower != nil, choices.chance(40) {
            try await Task.sleep(for: .milliseconds(choices.below(120)))
            if let fault = try follower?.kill() { self.fault(round, fault) }
            // The workers have left the log as it was.
            if choices.chance(50) { try await follower?.goOnAtOnce() }
        }
        clock.move(to: clock.now + .minutes(30))
        for worker in workers {
            try await check(worker.log, round)
            unlink(worker.log)
            unlink(worker.complaints)
        }
    }

    /// Some whose period is over, and whom no job has renewed yet: few are, and for a moment only.
    private func readersToRenew() async throws -> [String] {
        let now = clock.now.milliseconds
        let due = """
            SELECT a.email FROM subscriptions AS s JOIN accounts AS a ON a.account_id = s.account_id
            WHERE s.status = 'active' AND s.due_at <= $1 ORDER BY s.due_at LIMIT 4
            """
        return try await place.engine().read { try $0.query(due, [now]) { try $0.text(0) } }
    }

    /// Readers of all ages: such whose trial runs, ends now and has ended.
    private mutating func someReaders() -> [String] {
        let newest = readers.suffix(400)
        guard !newest.isEmpty else { return [] }
        return (0..<40).map { _ in newest[newest.startIndex + choices.below(newest.count)] }
    }

    private static func waitForAnswer(in log: String, of process: SpawnedProcess) async {
        while process.isRunning {
            if let text = try? String(contentsOfFile: log, encoding: .utf8), text.contains("\ntold\t") { return }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    // MARK: - What clients know

    private mutating func check(_ log: String, _ round: Int) async throws {
        var calls: [String: ClientCall] = [:]
        var open: [String] = []
        var answers: [(call: ClientCall, answer: String)] = []
        var runs: [String: Int] = [:]
        for entry in FileManager.default.fileExists(atPath: log) ? try ClientLog.entries(of: log) : [] {
            switch entry {
            case .asked(let id, let call):
                calls[id] = call
                open.append(id)
            case .told(let id, let answer):
                if let call = calls[id] { answers.append((call, answer)) }
                open.removeAll { $0 == id }
            case .refused(let id, _): open.removeAll { $0 == id }
            case .ran(let run, let processed): runs[run] = processed
            case .fault(let what): fault(round, what)
            }
        }
        // A new process, as after a crash: what the log of the database still holds is taken up by it.
        let services = try await place.services(clock.wallClock)
        for (call, answer) in answers { try await take(call, answer, round, services) }
        try await check(runs, round, services)
        for call in open.compactMap({ calls[$0] }) { try await askAgain(call, round, services) }
    }

    private static let runs = "runs of jobs"

    /// What a run of a job said that it did is recorded as done.
    private mutating func check(_ runs: [String: Int], _ round: Int, _ services: Services) async throws {
        acknowledged[KillSite.runs, default: 0] += runs.count
        let history = try await services.jobs.history(limit: PageLimit(PageLimit.most))
        for (run, processed) in runs {
            let recorded = history.first { $0.id.description == run && $0.durationMilliseconds != nil }
            require(
                recorded?.processed == processed, round,
                "run \(run) did \(processed), recorded is \(recorded.map { String($0.processed) } ?? "none")")
        }
    }

    /// Takes an answer for true from now on.
    private mutating func take(
        _ call: ClientCall, _ answer: String, _ round: Int, _ services: Services
    ) async throws {
        try await check(call, answer, round, services)
        acknowledged[call.kind, default: 0] += 1
        lately.append((call, answer))
        try told.note(call, answer)
        switch call {
        case .signUp(let email): readers.append(email)
        case .pay(let email, let reference, let periods): paid[email, default: [:]][reference] = periods
        case .open, .renew: break
        }
    }

    /// What a client was told is there, and once.
    private mutating func check(
        _ call: ClientCall, _ answer: String, _ round: Int, _ services: Services
    ) async throws {
        do {
            switch call {
            case .signUp(let email):
                let account = try await services.accounts.overview(AccountReference(parsing: email))
                require(
                    account.account.id.description == answer, round, "\(email) is \(account.account.id), not \(answer)")
                require(account.subscriptions.count == 1, round, "\(email) has \(account.subscriptions.count) trials")
            case .open(let email, _, let key):
                guard answer != "denied" else { return }
                let reads = try await services.reads.list(
                    of: ReaderReference(parsing: email), limit: PageLimit(PageLimit.most)
                ).filter { $0.read.clientKey?.text == key }
                require(reads.map(\.read.id.description) == [answer], round, "\(call) is not recorded as \(answer)")
            case .pay(let email, let reference, let periods):
                let payments = try await services.payments.list(AccountReference(parsing: email)).filter {
                    $0.reference == reference
                }
                require(
                    payments.map(\.id.description) == [answer] && payments.map(\.periods) == [periods], round,
                    "\(call) is not recorded as \(answer)")
            case .renew(let email):
                let revision = try await services.subscriptions.show(AccountReference(parsing: email)).revision
                require(revision >= Int(answer) ?? .max, round, "\(email) is at revision \(revision), not \(answer)")
            }
        } catch let error as MembershipError {
            fault(round, "acknowledged as \(answer), and gone: \(call): \(error.message)")
        }
    }

    /// A client that got no answer asks again, and what it asked for happens once.
    private mutating func askAgain(_ call: ClientCall, _ round: Int, _ services: Services) async throws {
        askedAgain += 1
        do {
            try await take(call, call.ask(services), round, services)
        } catch let error as MembershipError where call.mayBeRefused(error.code) {
            return
        } catch let error as MembershipError where error.code == .accountExists {
            guard case .signUp(let email) = call else { return fault(round, "asked again: \(call): \(error.message)") }
            // It had been done when it was cut off.
            let account = try await services.accounts.overview(AccountReference(parsing: email)).account
            try await take(call, account.id.description, round, services)
        } catch {
            fault(round, "asked again: \(call): \(error)")
        }
    }

    // MARK: - The whole

    var acknowledgedInAll: String {
        (ClientCall.kinds + [KillSite.runs]).map { "\(acknowledged[$0] ?? 0) \($0)" }.joined(separator: ", ")
    }

    /// What never happened was not shown to hold.
    mutating func requireEveryKind(_ round: Int) {
        for kind in ClientCall.kinds + [KillSite.runs] {
            require(acknowledged[kind, default: 0] > 0, round, "no \(kind) were acknowledged")
        }
        if let follower {
            require(follower.continued > 0, round, "no killed backup was gone on from")
            require(follower.bounded > 0, round, "no copied moment between two rounds was restored")
        }
    }

    /// Lets jobs do the rest, and looks at everything: also once more at what was there after its own round, and was killed
    /// in since.
    mutating func examine(_ round: Int) async throws {
        clock.move(to: clock.now + .minutes(60))
        let database = WholeDatabase(location: place.location(), clock: clock.wallClock)
        for broken in try await database.faultsAfterDueWork(lettersTo: place.letters) { fault(round, broken) }
        letters = try place.letters.names().count
        let services = try await place.services(clock.wallClock)
        for (call, answer) in lately { try await check(call, answer, round, services) }
        lately = []
        for (email, references) in paid {
            let payments = try await services.payments.list(AccountReference(parsing: email))
            let recorded = Dictionary(payments.map { ($0.reference ?? "", $0.periods) }) { $0 + $1 }
            require(recorded == references, round, "\(email) paid \(references), recorded are \(recorded)")
        }
    }

    /// Looks once more for all that was ever acknowledged, and whether anything else is there: every call was answered
    /// in the end.
    mutating func compareEverything(_ round: Int) async throws {
        for broken in try await place.engine().read({ [told] in try told.faults($0) }) { fault(round, broken) }
    }

    /// Leaves no process behind, whatever ended the trial.
    mutating func endFollower() { _ = try? follower?.kill() }

    /// Looks at what the killed followers have copied.
    mutating func examineCopies(_ round: Int) async throws {
        for broken in try await follower?.examine(clock.wallClock) ?? [] { fault(round, broken) }
    }

    private mutating func require(_ holds: Bool, _ round: Int, _ broken: @autoclosure () -> String) {
        if !holds { fault(round, broken()) }
    }

    private mutating func fault(_ round: Int, _ what: String) {
        faults.append("seed \(setting.seed), round \(round): \(what)")
    }
}

/// Everything that clients were ever told: the ids of accounts, reads and payments, and how far subscriptions had come at
/// least.
struct ToldFacts: Sendable {
    private var ids: [Acknowledgement: Int64] = [:]
    /// By canonical address.
    private var revisions: [String: Int64] = [:]

    /// What does not hold often does not hold of many.
    private static let mostNamed = 3

    /// Takes an answer for true from now on.
    mutating func note(_ call: ClientCall, _ answer: String) throws {
        switch call {
        case .signUp(let email):
            let address = try EmailAddress(parsing: email).canonical
            ids[.signedUp(address)] = Identifier<Account>(answer)?.rawValue ?? -1
        case .open(_, _, let key):
            guard answer != "denied" else { return }
            ids[.opened(key)] = Identifier<ArticleRead>(answer)?.rawValue ?? -1
        case .pay(_, let reference, _):
            ids[.paid(reference)] = Identifier<Payment>(answer)?.rawValue ?? -1
        case .renew(let email):
            let address = try EmailAddress(parsing: email).canonical
            revisions[address] = max(revisions[address] ?? 0, Int64(answer) ?? .max)
        }
    }

    /// What is gone, or is there and nobody was told of it.
    func faults(_ sql: any SQLConnection) throws -> [String] {
        var left = ids
        var alien: [String] = []
        try Acknowledgement.eachStored(sql) { fact, id in
            guard left.removeValue(forKey: fact) != id else { return }
            alien.append("\(fact) is there as \(id), and nobody was told so")
        }
        var behind: [String] = []
        let recorded = """
            SELECT e.canonical_email, s.revision FROM subscriptions AS s
            JOIN account_emails AS e ON e.account_id = s.account_id
            """
        try sql.each(recorded, []) { row in
            let (address, revision) = (try row.text(0), try row.integer(1))
            guard let told = revisions[address], revision < told else { return }
            behind.append("\(address) is at revision \(revision), not \(told)")
        }
        var faults: [String] = []
        if let lost = left.first {
            faults.append("of \(ids.count) acknowledged \(left.count) are gone, among them \(lost.key)")
        }
        return faults + alien.prefix(ToldFacts.mostNamed) + behind.prefix(ToldFacts.mostNamed)
    }
}
