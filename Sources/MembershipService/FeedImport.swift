public import Membership
import MembershipFeeds
import MembershipStore

extension ArticleService {
    /// What an import is to do with a feed, beyond taking its entries.
    public struct ImportOptions: Sendable {
        /// The title the articles belong to; nil for the one the channel names.
        public var title: Slug?
        /// The access of new articles; nil for their title's.
        public var access: AccessLevel?
        /// The section of all of them; nil for what each entry says, else their title's.
        public var section: String?
        /// Whether only to tell what would be done.
        public var dryRun: Bool

        /// Makes options.
        public init(
            title: Slug? = nil, access: AccessLevel? = nil, section: String? = nil, dryRun: Bool = false
        ) {
            self.title = title
            self.access = access
            self.section = section
            self.dryRun = dryRun
        }
    }

    /// What became of one feed.
    public struct ImportReport: Equatable, Sendable {
        /// The title the articles belong to.
        public var title: Slug
        /// Whether the title was added for them.
        public var titleIsNew: Bool
        /// New articles.
        public var added = 0
        /// Articles that now say something else.
        public var updated = 0
        /// Articles that say what they said.
        public var unchanged = 0
        /// Entries that could not be taken.
        public var rejected: [RejectedItem] = []

        /// How many entries have been dealt with.
        public var total: Int { added + updated + unchanged + rejected.count }
    }

    /// An entry that could not be taken.
    public struct RejectedItem: Equatable, Sendable {
        /// Counted from 1 in the feed's order.
        public let position: Int
        /// The line of the feed, where the format tells.
        public let line: Int?
        /// Its headline, id or link, as far as it has any.
        public let label: String?
        /// What is wrong with it.
        public let reason: String
    }

    /// Takes the entries of a feed: RSS, Atom or JSON Feed, compressed with gzip or not.
    ///
    /// The feed is checked whole before anything is written. Then entries go in by batches of one transaction each;
    /// importing again finishes what was interrupted, and changes nothing when the feed has not changed.
    ///
    /// - Parameters:
    ///   - path: the file; `-` for standard input.
    ///   - progress: told how many entries of how many are done, after each batch.
    /// - Throws: ``MembershipError`` with code `unreadable_file`, `invalid_feed`, `feed_too_large`, `title_exists` or
    ///   `invalid_input`.
    public func importFeed(
        path: String, options: ImportOptions, progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ImportReport {
        let section = try options.section.map { try PlainText.checked($0, as: "a section", longest: 100) }
        let document = try FeedDocument.open(path: path)
        let proposal = try TitleProposal(channel: document.channel, slug: options.title, file: path)
        let found = try await title(for: proposal, adding: !options.dryRun)
        var matcher = EntryMatcher(
            title: found.title, section: section, access: options.access, dryRun: options.dryRun)
        var report = ImportReport(title: proposal.slug, titleIsNew: found.isNew)
        let entries = try document.entries()
        while let batch = try entries.next(upTo: ArticleService.batchSize) {
            let accepted = batch.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
            let outcome = try await store.write { [matcher] tx in
                var matcher = matcher
                let outcomes = try accepted.map { try matcher.take($0, tx) }
                return (matcher, outcomes)
            }
            matcher = outcome.0
            report.count(outcome.1, rejected: batch)
            progress(report.total, document.entryCount)
        }
        return report
    }

    /// Entries a transaction: few enough that other writers wait only for milliseconds.
    private static let batchSize = 100

    /// The title that a feed belongs to. In a dry run one that is not there yet stays nil.
    private func title(for proposal: TitleProposal, adding: Bool) async throws -> (title: Title?, isNew: Bool) {
        if let title = try await store.read({ tx in try proposal.existing(tx) }) { return (title, false) }
        guard adding else { return (nil, true) }
        return try await store.write { tx in
            if let title = try proposal.existing(tx) { return (title, false) }
            let title = try tx.insertTitle(
                slug: proposal.slug, name: proposal.name, access: .premium, section: nil,
                homePage: proposal.homePage, language: proposal.language)
            return (title, true)
        }
    }
}

/// The title that a feed would be.
private struct TitleProposal: Sendable {
    let slug: Slug
    let name: String
    let homePage: String?
    let language: String?
    /// Whether an operator chose the slug, so that it may be another feed's title too.
    let isChosen: Bool

    init(channel: FeedChannel, slug: Slug?, file: String) throws {
        isChosen = slug != nil
        guard let slug = slug ?? Slug(from: channel.name) else {
            throw MembershipError(
                .invalidFeed, "\(file) does not name its channel.", remedy: "Name the title with --title SLUG.")
        }
        self.slug = slug
        name = channel.name.isEmpty ? slug.text : channel.name
        homePage = channel.homePage
        language = channel.language
    }

    func existing(_ tx: ReadTransaction) throws -> Title? {
        guard let title = try tx.title(slug) else { return nil }
        if !isChosen, let theirs = title.homePage, let ours = homePage, theirs != ours {
            throw MembershipError(
                .titleExists, "The title ‘\(slug)’ is that of \(theirs), and this feed is of \(ours).",
                remedy: "Name the title with --title: \(slug) to put both together, or another slug.")
        }
        return title
    }
}

extension ArticleService.ImportReport {
    fileprivate mutating func count(_ outcomes: [EntryMatcher.Outcome], rejected batch: [FeedItem]) {
        for outcome in outcomes {
            switch outcome {
            case .added: added += 1
            case .updated: updated += 1
            case .unchanged: unchanged += 1
            }
        }
        for case .rejected(let entry) in batch {
            rejected.append(
                ArticleService.RejectedItem(
                    position: entry.position, line: entry.line, label: entry.label, reason: entry.reason))
        }
    }
}
