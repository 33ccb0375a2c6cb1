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
    /// Attributes of one element in XML.
    package static let attributes = 200
    /// The same in HTML, where a script may have what looks like one.
    package static let htmlAttributes = 500
    /// An id, which becomes a key.
    package static let idBytes = 2048
    /// What the channel says of itself, each: 64 KiB.
    package static let channelFieldBytes = 64 << 10
    /// The attributes of one element outside of all entries, together: 16 KiB. `xml:base` and `xml:lang` there are
    /// looked at again for each entry.
    package static let channelAttributeBytes = 16 << 10

    // What follows is kept of a feed at most. What is longer is cut at a word and ends with `…`; what is more is left
    // out. A small feed could otherwise become much, because each entry gets a copy of what the channel says.

    /// The channel's name, in characters.
    package static let channelName = 200
    /// A headline, in characters.
    package static let headline = 300
    /// A summary, in characters. A longer one is dropped, not cut: it is more than a summary.
    package static let summary = 1000
    /// An opening, in characters.
    package static let opening = 400
    /// Authors of one entry, or of the channel.
    package static let authors = 10
    /// The name of one author, in characters.
    package static let authorName = 200
    /// Categories of one entry.
    package static let categories = 50
    /// One category, in characters.
    package static let category = 100
    /// Key points of one entry.
    package static let keyPoints = 20
    /// One key point, in characters.
    package static let keyPoint = 500
    /// The address of a page or an image. A longer one counts as absent.
    package static let addressBytes = 2048
    /// A tag of a language. A longer one counts as absent.
    package static let languageBytes = 100
}
