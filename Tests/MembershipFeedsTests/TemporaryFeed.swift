import CZlib
import Foundation
import Membership
import Testing

@testable import MembershipFeeds

/// A feed in a file of its own that is gone after the test.
func withFeed<Result>(_ bytes: Data, gzip: Bool = false, _ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "/feed-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    if gzip {
        let file = try #require(gzopen(path, "wb1"))
        let count = bytes.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
        #expect(gzclose(file) == Z_OK && Int(count) == bytes.count)
    } else {
        try bytes.write(to: URL(fileURLWithPath: path))
    }
    return try body(path)
}

/// Everything a feed hands out, asked for in small batches.
func allItems(of feed: FeedDocument) throws -> [FeedItem] {
    let entries = try feed.entries()
    var items: [FeedItem] = []
    while let batch = try entries.next(upTo: 7) { items += batch }
    return items
}

/// What a feed turns out to hold.
func items(_ text: String, encoding: String.Encoding = .utf8, gzip: Bool = false) throws -> [FeedItem] {
    try withFeed(try #require(text.data(using: encoding)), gzip: gzip) { path in
        let feed = try FeedDocument.open(path: path)
        let items = try allItems(of: feed)
        #expect(items.count == feed.entryCount)
        return items
    }
}

func entry(_ text: String) throws -> FeedEntry {
    guard case .entry(let entry) = try #require(try items(text).first) else {
        throw MembershipError(.invalidFeed, "rejected: \(try items(text))")
    }
    return entry
}

func rejection(_ text: String, at index: Int = 0) throws -> RejectedEntry {
    guard case .rejected(let rejected) = try items(text)[index] else {
        throw MembershipError(.invalidFeed, "not rejected")
    }
    return rejected
}

/// The error that a feed is refused with.
func refusal(_ text: String, encoding: String.Encoding = .utf8) throws -> MembershipError? {
    try refusal(bytes: try #require(text.data(using: encoding)))
}

func refusal(bytes: Data) throws -> MembershipError? {
    try withFeed(bytes) { path in
        #expect(throws: MembershipError.self) { try FeedDocument.open(path: path) }
    }
}

/// An RSS feed around `items`.
func rss(_ items: String, prolog: String = "<?xml version=\"1.0\"?>") -> String {
    """
    \(prolog)
    <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
        xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
        xmlns:fn="https://fortnight.example/ns/feed/1.0"><channel>
    <title>News &amp;amp; More</title><link>https://news.example/</link><language>de</language>
    \(items)
    </channel></rss>
    """
}

func atom(_ entries: String) -> String {
    """
    <feed xmlns="http://www.w3.org/2005/Atom" xmlns:fn="https://fortnight.example/ns/feed/1.0" xml:lang="en"
        xml:base="https://news.example/en/"><title type="html">N &amp;amp; M</title>
    <link href="/"/><author><name>The Desk</name></author>
    \(entries)
    </feed>
    """
}

func json(_ items: String) -> String {
    """
    {"items": [\(items)], "version": "https://jsonfeed.org/version/1.1", "title": "News",
     "home_page_url": "https://news.example/", "language": "en", "authors": [{"name": "The Desk"}]}
    """
}
