import Foundation
import Membership
import MembershipService
import SampleFeeds
import Synchronization

/// A directory of a trial's own, and the database in it. It is left behind when something did not hold in it.
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

    /// How long a call waits for others: what is locked on purpose is not to keep a trial for long.
    private static let wait = TimeSpan(milliseconds: 300)

    var database: String { path + "/torture.db" }
    var keyPath: String { path + "/torture.key" }
    var location: DatabaseLocation { DatabaseLocation(database, keyPath: keyPath, wait: DiskPlace.wait) }
    /// The same for callers of whom many write at once.
    var patientLocation: DatabaseLocation {
        DatabaseLocation(database, keyPath: keyPath, wait: DatabaseLocation.defaultWait)
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }

    /// Puts copies of all files of a place into this one, in place of what is here.
    func take(filesOf other: DiskPlace) throws {
        try empty()
        for name in try FileManager.default.contentsOfDirectory(atPath: other.path) {
            try FileManager.default.copyItem(atPath: other.path + "/" + name, toPath: path + "/" + name)
        }
    }

    /// Takes away whatever is here, and looks again: what was open may still be about to be closed, and SQLite removes its
    /// log by its name.
    private func empty() throws {
        var tries = 0
        repeat {
            tries += 1
            for name in try FileManager.default.contentsOfDirectory(atPath: path) {
                do {
                    try FileManager.default.removeItem(atPath: path + "/" + name)
                } catch CocoaError.fileNoSuchFile {
                    continue
                }
            }
            usleep(2000)
        } while try tries < 100 && !FileManager.default.contentsOfDirectory(atPath: path).isEmpty
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes the database: a plan with a price, and the articles of a sample feed.
    func setUp(clock: WallClock, feed: SampleFeed) async throws {
        _ = try await DatabaseSetup(location, clock: clock).initialize(.init(price: DiskPlace.price))
        let services = try await Services.open(location, clock: clock)
        _ = try await services.articles.importFeed(path: write(feed.name, feed.bytes), options: .init())
    }

    /// What a month of the plan costs.
    static let price = Money(amountMinor: 999, currency: Currency(stored: "EUR"))
}

/// A wall clock that a trial moves by hand.
final class DiskClock: Sendable {
    private let moment: Mutex<Timestamp>

    init(at moment: Timestamp) { self.moment = Mutex(moment) }

    /// When a trial begins: after anything in the sample feeds was published.
    static let start = Timestamp(milliseconds: 1_830_297_600_000)  // 2028-01-01T00:00:00Z

    var now: Timestamp { moment.withLock(\.self) }

    func advance(by span: TimeSpan) {
        moment.withLock { $0 = $0 + span }
    }

    var wallClock: WallClock {
        WallClock { [self] in now }
    }
}
