import Foundation
import Membership
import MembershipService
import MembershipStore

/// A database of a trial's own, a file or a schema on the server, with its key and whatever else in a folder.
struct TrialPlace: Sendable {
    let folder: String
    /// The file's path, or the server's address; it may hold a password.
    let address: String

    var keyPath: String { folder + "/trial.db.key" }
    var letters: Letters { Letters(folder: folder + "/mail") }

    /// What a month of the plan costs.
    static let price: Int64 = 999
    /// How many articles each of the two titles has: `metered/article-0`, `premium/article-0` and so on.
    static let articleCount = 12

    /// Takes up a place that another process has made.
    init(folder: String, address: String) {
        (self.folder, self.address) = (folder, address)
    }

    /// Makes an empty one.
    static func make(_ setting: Setting) async throws -> TrialPlace {
        let folder = NSTemporaryDirectory() + "fortnight-trial-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard setting.engine == .postgres else {
            return TrialPlace(folder: folder, address: folder + "/trial.db")
        }
        guard let server = ProcessInfo.processInfo.environment["FORTNIGHT_POSTGRES"] else {
            throw MembershipError(
                .invalidInput, "FORTNIGHT_POSTGRES names no server.", remedy: "Run it under Scripts/postgres.")
        }
        let schema = "torture_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        try await DatabaseLocation(server).open().write { try $0.runScript("CREATE SCHEMA \(schema)") }
        let address = server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
        return TrialPlace(folder: folder, address: address)
    }

    func remove() {
        DiskPlace.remove(folder)
    }

    /// - Parameter wait: how long a transaction waits for others.
    func location(wait: TimeSpan = .minutes(1)) -> DatabaseLocation {
        DatabaseLocation(address, keyPath: keyPath, wait: wait, connections: 4)
    }

    /// The database beneath the services.
    func engine() throws -> any DatabaseEngine { try location().open() }

    func services(_ clock: WallClock = .system, options: Services.Options = .init()) async throws -> Services {
        try await Services.open(location(), clock: clock, options: options)
    }

    /// Sets the database up: a plan with a price, and two titles, one behind the meter and one for members.
    func furnish(_ clock: WallClock, anonymous: Int, registered: Int) async throws {
        let price = Money(amountMinor: TrialPlace.price, currency: try Currency(parsing: "EUR"))
        _ = try await DatabaseSetup(location(), clock: clock).initialize(.init(price: price))
        let services = try await services(clock)
        for (title, access) in [("metered", AccessLevel.metered), ("premium", .premium)] {
            let feed = folder + "/\(title).json"
            try Data(TrialPlace.feed(title).utf8).write(to: URL(filePath: feed))
            _ = try await services.articles.importFeed(
                path: feed, options: .init(title: Slug(parsing: title), access: access))
        }
        var meter = RuleChange()
        (meter.access, meter.anonymousAllowance, meter.registeredAllowance) = (.metered, anonymous, registered)
        _ = try await services.rules.set(.everything, meter, .init())
    }

    private static func feed(_ title: String) -> String {
        let items = (0..<articleCount).map { number in
            """
            {"id": "\(title)-\(number)", "title": "Article \(number)", "date_published": "2025-01-01T00:00:00Z",
             "content_html": "<p>An opening.</p><p>And the rest.</p>"}
            """
        }
        return """
            {"version": "https://jsonfeed.org/version/1.1", "title": "\(title)",
             "items": [\(items.joined(separator: ", "))]}
            """
    }
}
