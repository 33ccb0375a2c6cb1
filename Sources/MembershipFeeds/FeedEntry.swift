package import Membership

/// What a feed says of itself: it becomes a title.
package struct FeedChannel: Equatable, Sendable {
    /// The channel's own name, plain text; without one, the host of its site, and without that, empty.
    package var name: String
    /// The site the feed belongs to.
    package var homePage: String?
    /// A BCP 47 tag such as `de` or `en-GB`.
    package var language: String?
}

extension FeedChannel {
    init(title: String?, homePage: String?, language: String?) {
        let name = title ?? WebAddress.host(of: homePage) ?? ""
        self.init(
            name: FeedText.shortened(name, to: FeedLimits.channelName), homePage: homePage, language: language)
    }
}

/// One article as a feed gives it, its format left behind: plain text, or HTML cut down to an allow-list.
package struct FeedEntry: Equatable, Sendable {
    /// What the feed knows the entry by: its guid or id, else its link.
    package var sourceID: String
    /// Where the article stands on the web, absolute.
    package var link: String?
    /// Plain text on one line.
    package var headline: String
    /// Plain text on one line, several names joined by commas.
    package var author: String?
    /// Plain text.
    package var summary: String?
    package var publishedAt: Timestamp?
    package var updatedAt: Timestamp?
    /// In the feed's order, without repetition.
    package var categories: [String]
    /// Absolute, http or https.
    package var imageURL: String?
    /// The entry's own language, else the channel's.
    package var language: String?
    /// The whole body as allow-listed HTML.
    package var bodyHTML: String
    /// The beginning of the body in plain text, for those who may not read on.
    package var opening: String
    /// Plain text, one sentence each; empty where the feed has none.
    package var keyPoints: [String]
}

/// An entry that could not be taken, where it stands and why.
package struct RejectedEntry: Equatable, Sendable {
    /// Counted from 1 in the feed's order.
    package var position: Int
    /// The line of the feed on which the entry begins, where the format tells.
    package var line: Int?
    /// What can be said of the entry to find it: its headline, id or link.
    package var label: String?
    package var reason: String
}

/// What one place in a feed turns out to be.
package enum FeedItem: Equatable, Sendable {
    case entry(FeedEntry)
    case rejected(RejectedEntry)
}
