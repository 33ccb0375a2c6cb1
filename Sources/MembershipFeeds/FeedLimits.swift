/// How much of a feed is taken. A feed comes from outside, so everything in it has a limit.
package enum FeedLimits {
    /// A feed after decompression: 64 MiB.
    package static let bytes = 64 << 20
    /// Entries of one feed.
    package static let entries = 100_000
    /// Elements, or objects and arrays, inside one another. libxml2 itself stops at 256.
    package static let nesting = 200
    /// The text of one entry, or its JSON: 4 MiB. A larger entry is rejected, the feed is not.
    package static let entryBytes = 4 << 20
    /// Elements, attributes and pieces of text in one entry; a node takes about a hundred bytes of memory, so that
    /// a small entry of many empty elements would otherwise take much.
    package static let entryNodes = 100_000
    /// An id, which becomes a key.
    package static let idBytes = 2048
    /// What the channel says of itself, each: 64 KiB.
    package static let channelFieldBytes = 64 << 10
}
