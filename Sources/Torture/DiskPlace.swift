import Foundation
import Membership
import MembershipService
import SampleFeeds

/// A directory of a trial's own, and the database in it.
struct DiskPlace: Sendable {
    let path: String

    init(_ name: String) throws {
        // Spelled as SQLite does, which compares nothing else with it.
        guard let directory = realpath(NSTemporaryDirectory(), nil) else {
            throw Stopped("\(NSTemporaryDirectory()) is not there")
        }
        defer { free(directory) }
        path = String(cString: directory) + "/fortnight-torture-\(name)-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// A place inside this one.
    func within(_ name: String) throws -> DiskPlace {
        let place = DiskPlace(path: path + "/" + name)
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: false)
        return place
    }

    private init(path: String) {
        self.path = path
    }

    var letters: Letters { Letters(folder: path + "/mail") }

    /// How long a call waits for others: what is locked on purpose is not to keep a trial for long.
    static let wait = TimeSpan(milliseconds: 300)

    var database: String { path + "/torture.db" }
    var keyPath: String { database + ".key" }
    var location: DatabaseLocation { DatabaseLocation(database, keyPath: keyPath, wait: DiskPlace.wait) }
    /// The same for callers of whom many write at once, whose log is emptied often.
    var patientLocation: DatabaseLocation {
        var location = DatabaseLocation(database, keyPath: keyPath, wait: DatabaseLocation.defaultWait)
        location.longLog = 100
        return location
    }

    /// Writes a file that nobody else may read, and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(filePath: file))
        guard chmod(file, 0o600) == 0 else { throw Stopped("\(file) cannot be kept from others") }
        return file
    }

    /// A place with copies of all files of this one. It is never used again: a connection is closed a moment after its
    /// services are let go of, and SQLite removes its log by its name.
    func copy(_ name: String) throws -> DiskPlace {
        let copy = try DiskPlace(name)
        for file in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.copyItem(atPath: path + "/" + file, toPath: copy.path + "/" + file)
        }
        return copy
    }

    func remove() { DiskPlace.remove(path) }

    /// Removes a directory, though a connection that is being closed there removes files of its own meanwhile, which may
    /// be in the way.
    static func remove(_ directory: String) {
        for _ in 0..<100 where FileManager.default.fileExists(atPath: directory) {
            try? FileManager.default.removeItem(atPath: directory)
            usleep(1000)
        }
    }

    /// Makes the database: a plan with a price, and the articles of a sample feed.
    func setUp(clock: WallClock, feed: SampleFeed) async throws {
        _ = try await DatabaseSetup(location, clock: clock).initialize(.init(price: DiskPlace.price))
        let services = try await Services.open(location, clock: clock)
        _ = try await services.articles.importFeed(path: write(feed.name, feed.bytes), options: .init())
    }

    /// When a trial begins: after anything in the sample feeds was published.
    static let start = Timestamp(milliseconds: 1_830_297_600_000)  // 2028-01-01T00:00:00Z

    /// What a month of the plan costs.
    static let price = Money(amountMinor: 999, currency: Currency(stored: "EUR"))
}
