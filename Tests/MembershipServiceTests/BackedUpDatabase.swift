import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import TestSupport

/// A database in a file, whatever the engine of the run is, with what is needed to write to it and to compare it.
struct BackedUpDatabase: Sendable {
    let directory: TemporaryDirectory
    let location: DatabaseLocation
    let services: Services
    let article: ArticleReference
    let price: Money

    var path: String { directory.path + "/fortnight.db" }
    var backups: String { directory.path + "/backups" }

    init() async throws {
        directory = try TemporaryDirectory()
        location = DatabaseLocation(directory.path + "/fortnight.db", wait: .minutes(1))
        price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        _ = try await DatabaseSetup(location, clock: WallClock { TestDatabase.start }).initialize(
            .init(sandbox: true, price: price))
        services = try await Services.open(location)
        _ = try await services.titles.add(slug: Slug(parsing: "golem"), name: "Golem", access: .registered)
        let feed = try directory.write(
            "feed.json",
            """
            {"version": "https://jsonfeed.org/version/1.1", "title": "Golem", "items": [
                {"id": "1", "title": "The Bridge", "content_html": "<p>Shut.</p>",
                    "date_published": "2025-12-01T00:00:00Z"}]}
            """)
        _ = try await services.articles.importFeed(path: feed, options: .init(title: Slug(parsing: "golem")))
        article = try ArticleReference(parsing: "golem/the-bridge")
    }

    func reference(_ name: String) throws -> AccountReference {
        .email(try EmailAddress(parsing: name + "@example.com"))
    }

    /// Signs somebody up, lets her read and pay.
    func addReader(_ name: String) async throws {
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: name + "@example.com"))
        _ = try await services.access.open(reader: .account(reference(name)), article: article)
        _ = try await services.payments.record(
            reference(name), NewPayment(amount: price, reference: "INV-" + name, periods: 1))
    }

    /// Begins to copy into the directory, as another process would.
    func follower(
        _ clock: WallClock, _ options: DatabaseBackup.FollowOptions = .init(), into directory: String? = nil
    ) throws -> BackupFollower {
        try DatabaseBackup(of: location, clock: clock).follow(into: directory ?? backups, options)
    }

    /// Restores a backup to a place of its own.
    @discardableResult
    func restore(
        _ backup: String? = nil, at time: Timestamp? = nil, to name: String = "restored-\(UUID().uuidString).db"
    ) throws -> (location: DatabaseLocation, report: DatabaseRestoration.Report) {
        let target = DatabaseLocation(directory.path + "/" + name)
        return (target, try DatabaseRestoration(of: backup ?? backups).restore(to: target, at: time))
    }

    /// The readers in a database, by the part of their address before the `@`.
    static func readers(_ location: DatabaseLocation) async throws -> Set<String> {
        try await TestDatabase.engine(of: location).read { sql in
            Set(
                try sql.query("SELECT email FROM accounts", []) { try $0.text(0).split(separator: "@")[0] }.map(
                    String.init))
        }
    }

    static func contents(_ location: DatabaseLocation) async throws -> [String: Set<String>] {
        try await DatabaseContents.of(location)
    }

    /// The files of the newest copy in the directory, in order.
    func segments(_ generation: String = "000001") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: backups + "/" + generation)
            .filter { $0.hasSuffix(".segment") }.sorted().map { backups + "/" + generation + "/" + $0 }
    }
}

/// A clock that is a millisecond further each time it is asked, so that everything that happens has its own time.
final class TickingClock: Sendable {
    private let time = Locked(TestDatabase.start.milliseconds)

    func tick() -> Timestamp {
        time.withLock { time in
            time += 1
            return Timestamp(milliseconds: time)
        }
    }

    var wallClock: WallClock { WallClock { self.tick() } }
}

/// What others have written so far, while a test looks on, and whether it has seen enough.
final class OthersWriting: Sendable {
    /// Somebody, with when it began and when it was answered.
    struct Reader: Sendable {
        let name: String
        let began: Timestamp
        let answered: Timestamp
    }

    private let clock: TickingClock
    private let state = Locked<(readers: [Reader], isOver: Bool)>(([], false))

    init(_ clock: TickingClock = TickingClock()) {
        self.clock = clock
    }

    var readers: [Reader] { state.withLock { $0.readers } }

    func end() {
        state.withLock { $0.isOver = true }
    }

    /// Adds readers, one after the other, until it is over.
    func write(_ database: BackedUpDatabase, as writer: Int) async throws {
        var number = 0
        while state.withLock({ !$0.isOver }) {
            let (name, began) = ("w\(writer)-\(number)", clock.tick())
            try await database.addReader(name)
            let answered = clock.tick()
            state.withLock { $0.readers.append(Reader(name: name, began: began, answered: answered)) }
            number += 1
        }
    }
}
