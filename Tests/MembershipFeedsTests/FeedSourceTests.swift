import Foundation
import Membership
import Testing

@testable import MembershipFeeds

struct FeedSourceTests {
    @Test(arguments: ["/nonexistent/feed.xml", NSTemporaryDirectory()])
    func whatIsNoFileIsUnreadable(path: String) {
        let error = #expect(throws: MembershipError.self) { try FeedSource(path: path) }
        #expect(error?.code == .unreadableFile && error?.message.contains("‘\(path)’") == true)
    }

    @Test func gzipAndPlainGiveTheSameBytes() throws {
        for gzip in [false, true] {
            let head = try withFeed(Data("hello".utf8), gzip: gzip) { try FeedSource(path: $0).head(100) }
            #expect(head == Array("hello".utf8))
        }
    }

    @Test func aGzipFileThatIsCutShortOrDamagedIsRefused() throws {
        let text = (0..<5000).map { String($0 &* 2_654_435_761) }.joined()
        let whole = try withFeed(Data(text.utf8), gzip: true) { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        for length in [12, whole.count / 2, whole.count - 1] {
            #expect(try refusal(bytes: whole.prefix(length))?.message.contains("breaks off") == true, "\(length)")
        }
        var damaged = whole
        damaged[damaged.count - 6] ^= 0xFF
        #expect(try refusal(bytes: damaged)?.message.contains("damaged") == true)
    }

    @Test func theLimitIsMeasuredAfterDecompression() throws {
        let error = try withFeed(Data(count: FeedLimits.bytes + 1), gzip: true) { path in
            #expect(throws: MembershipError.self) { try FeedSource(path: path) }
        }
        #expect(error?.code == .feedTooLarge)
        let count = try withFeed(Data(count: FeedLimits.bytes), gzip: true) { try FeedSource(path: $0).byteCount }
        #expect(count == FeedLimits.bytes)
    }
}
