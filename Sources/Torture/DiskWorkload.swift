import FaultyFiles
import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import TestSupport

/// The lives of many readers, lived by several callers at once: they sign up, open articles and pay, while jobs end
/// trials, renew and deliver letters. Of every acknowledgement it is noted how far the journal of the disk had come; of
/// every letter how far it was when the letter was not yet there, and when it was.
final class DiskWorkload: Sendable {
    private let place: DiskPlace
    private let clock: MovedClock
    private let seed: UInt64
    private let notes = Locked(Notes())

    private struct Notes {
        var acknowledged: [Noted] = []
        var issued: Set<Acknowledgement> = []
        var letters: [DatedLetter] = []
        /// What time it was from a position on.
        var times: [(position: Int64, time: Timestamp)] = []
    }

    /// What was acknowledged, and the position of the journal right after that.
    struct Noted: Sendable {
        let position: Int64
        let what: Acknowledgement
    }

    /// Callers at one time, each with its own readers.
    private static let callers = 8
    /// Sign-ups of one caller in a round.
    private static let readersARound = 3

    init(place: DiskPlace, clock: MovedClock, seed: UInt64) {
        self.place = place
        self.clock = clock
        self.seed = seed
    }

    /// In the order of the journal.
    var acknowledged: [Noted] { notes.withLock { $0.acknowledged.sorted { $0.position < $1.position } } }
    var issued: Set<Acknowledgement> { notes.withLock(\.issued) }
    /// Every letter that was delivered.
    var letters: [DatedLetter] { notes.withLock(\.letters) }

    /// What time it was at a position of the journal.
    func time(at position: Int64) -> Timestamp {
        notes.withLock { notes in notes.times.last { $0.position <= position }?.time ?? DiskPlace.start }
    }

    /// Lives through a stretch of days. Every round opens the database anew, so that the one before has written its
    /// log into the file and removed it.
    func round(_ number: Int) async throws {
        let services = try await Services.open(
            place.patientLocation, clock: clock.wallClock, options: place.letters.options)
        let begun = faulty_files_position()
        notes.withLock { $0.times.append((begun, clock.now)) }
        let watcher = Task { try await watchLetters(from: begun) }
        defer { watcher.cancel() }
        let articles = try await services.articles.list(limit: PageLimit(50)).map(\.article)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<DiskWorkload.callers {
                group.addTask { [self] in
                    var dice = SeededNumbers(seed: seed, number * DiskWorkload.callers + caller)
                    for reader in 0..<DiskWorkload.readersARound {
                        let name = "r\(number)-\(caller)-\(reader)"
                        try await live(services, name, articles.map { .id($0.id) }, &dice)
                    }
                }
            }
            group.addTask { [self] in try await runJobs(services) }
            // Another process, as far as the file is concerned: the log is written back while the others write on.
            group.addTask { [self] in
                let engine = try place.patientLocation.open()
                for _ in 0..<2 { _ = try await engine.scrub() }
            }
            try await group.waitForAll()
        }
        watcher.cancel()
        try await watcher.value
        // A trial is reminded of once, and over at the next round.
        clock.move(by: .days(number.isMultiple(of: 2) ? 12 : 6))
    }

    private func live(
        _ services: Services, _ name: String, _ articles: [ArticleReference], _ dice: inout SeededNumbers
    ) async throws {
        let email = try EmailAddress(parsing: "\(name)@example.com")
        try await acknowledge(.signedUp(email.canonical)) { _ = try await services.accounts.signUp(email: email) }
        for opening in 0..<dice.below(3) {
            let key = "\(name)-\(opening)"
            let article = dice.pick(articles)
            try await acknowledge(.opened(key)) {
                _ = try await services.access.open(
                    reader: .account(.email(email)), article: article, clientKey: ClientKey(parsing: key))
            }
        }
        guard dice.chance(50) else { return }
        try await acknowledge(.paid(name)) {
            let payment = try NewPayment(amount: DiskPlace.price, reference: name, periods: 1)
            _ = try await services.payments.record(.email(email), payment)
        }
    }

    private func runJobs(_ services: Services) async throws {
        for job in ["outbox-delivery", "trial-expiry", "renewal", "trial-reminder", "outbox-delivery"] {
            let report = try await services.jobs.run(job)
            note(.ran(report.run.id.rawValue))
        }
    }

    /// Looks again and again which letters are there, until it is cancelled, and then once more.
    private func watchLetters(from position: Int64) async throws {
        var known = Set(letters.map(\.name))
        var isLast = false
        var before = position
        while true {
            let begun = faulty_files_position()
            let new = try place.letters.names().filter { $0.hasSuffix(".eml") && !known.contains($0) }
            let ended = faulty_files_position()
            notes.withLock { notes in
                notes.letters += new.map { DatedLetter(name: $0, absentAt: before, presentAt: ended) }
            }
            known.formUnion(new)
            before = begun
            if isLast { return }
            try? await Task.sleep(for: .milliseconds(1))
            isLast = Task.isCancelled
        }
    }

    private func acknowledge(_ what: Acknowledgement, _ body: () async throws -> Void) async throws {
        notes.withLock { _ = $0.issued.insert(what) }
        try await body()
        note(what)
    }

    private func note(_ what: Acknowledgement) {
        let noted = Noted(position: faulty_files_position(), what: what)
        notes.withLock { $0.acknowledged.append(noted) }
    }
}
