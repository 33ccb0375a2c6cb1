import MembershipFeeds

/// Reads the entries of a feed on a thread of its own, so that the next ones are read while others are written.
actor FeedReading {
    private let entries: FeedEntries

    init(_ document: FeedDocument) throws {
        entries = try document.entries()
    }

    /// The next entries, at most `count`; nil at the end.
    func next(upTo count: Int) throws -> [FeedItem]? {
        try entries.next(upTo: count)
    }
}
