import ArgumentParser
import Foundation
import Membership
import MembershipService
import TestSupport

/// A process that works until it is killed: clients that sign up, open articles, pay and renew, and beside them the
/// jobs that end trials and periods and deliver messages. Everything that a client is told is in its log at once.
struct KilledWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Work until it is killed; the trial kill -9 starts it.", shouldDisplay: false)

    /// Where the worker finds the address of the database, which may hold a password.
    static let addressVariable = "FORTNIGHT_TORTURE_DATABASE"

    @Option(help: "The folder of the trial.")
    var folder: String

    @Option(help: "The log of what clients were told.")
    var log: String

    @Option(help: "What time it was when the round began, in milliseconds since 1970.")
    var at: Int64

    @Option(help: "For how many nanoseconds the machine had been up then.")
    var since: UInt64

    @Option(help: "The number that every choice follows from.")
    var seed: UInt64

    @Option(help: "What the worker is called; no other one is.")
    var name: String

    @Option(help: "Readers that have signed up before, parted by commas.")
    var known = ""

    /// Whoever is to kill it is gone by then.
    private static let longest = Duration.seconds(60)
    private static let callers = 3

    func run() async throws {
        let place = TrialPlace(
            folder: folder, address: ProcessInfo.processInfo.environment[KilledWorker.addressVariable] ?? "")
        let begun = ContinuousClock().now
        let clock = WallClock.going(onFrom: Timestamp(milliseconds: at), since: since)
        let services = try await place.services(clock, options: place.letters.options)
        let log = try ClientLog(path: log)
        await withTaskGroup { group in
            for number in 0...KilledWorker.callers {
                let caller = Caller(
                    services: services, log: log, name: "\(name)-\(number)",
                    choices: SeededNumbers(seed: seed, number), known: known.split(separator: ",").map(String.init))
                group.addTask {
                    guard number == KilledWorker.callers else {
                        return await caller.work(until: begun + KilledWorker.longest)
                    }
                    // Nothing is due any more once the jobs have run.
                    await caller.renewSome()
                    await KilledWorker.runJobs(services, log, until: begun + KilledWorker.longest)
                }
            }
        }
    }

    private static func runJobs(_ services: Services, _ log: ClientLog, until end: ContinuousClock.Instant) async {
        while ContinuousClock().now < end {
            for job in ["trial-expiry", "renewal", "trial-reminder", "outbox-delivery"] {
                do {
                    let run = try await services.jobs.run(job).run
                    if run.processed > 0 { log.note(.ran(run.id.description, processed: run.processed)) }
                    if run.failed > 0 { log.note(.fault("\(job) failed with \(run.failed)")) }
                } catch let error as MembershipError where error.code == .jobRunning {
                    // The other worker is at it.
                    try? await Task.sleep(for: .milliseconds(2))
                } catch {
                    log.note(.fault("\(job): \(error)"))
                }
            }
        }
    }
}

/// A client that asks for one thing after the other.
private struct Caller {
    let services: Services
    let log: ClientLog
    let name: String
    var choices: SeededNumbers
    var known: [String]

    /// Of the first few, because the jobs wait for it.
    func renewSome() async {
        var caller = self
        for (number, email) in known.prefix(4).enumerated() {
            await caller.ask("\(name)-renewal-\(number)", .renew(email: email))
        }
    }

    func work(until end: ContinuousClock.Instant) async {
        var caller = self
        var number = 0
        while ContinuousClock().now < end {
            number += 1
            let id = "\(name)-\(number)"
            await caller.ask(id, caller.choose(id))
        }
    }

    private mutating func ask(_ id: String, _ call: ClientCall) async {
        log.note(.asked(id, call))
        do {
            let answer = try await call.ask(services)
            log.note(.told(id, answer))
            if case .signUp(let email) = call { known.append(email) }
        } catch let error as MembershipError where call.mayBeRefused(error.code) {
            log.note(.refused(id, error.code.rawValue))
        } catch {
            log.note(.fault("\(call): \(error)"))
        }
    }

    private mutating func choose(_ id: String) -> ClientCall {
        let kind = choices.below(100)
        guard kind >= 35, !known.isEmpty else { return .signUp(email: "r\(id)@example.com") }
        let email = known[choices.below(known.count)]
        if kind < 65 {
            let title = choices.chance(50) ? "metered" : "premium"
            return .open(
                email: email, article: "\(title)/article-\(choices.below(TrialPlace.articleCount))", key: "key-\(id)")
        }
        if kind < 92 { return .pay(email: email, reference: "ref-\(id)", periods: 1 + choices.below(3)) }
        return .renew(email: email)
    }
}
