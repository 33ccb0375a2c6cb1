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
        var matcher = EntryMatcher(
            title: try await store.read { tx in try proposal.existing(tx) }, feed: try document.identities(),
            section: section, access: options.access)
        let hadTitle = matcher.title != nil
        var report = ImportReport(title: proposal.slug, titleIsNew: false)
        let reading = try FeedReading(document)
        do {
            var next = try await reading.next(upTo: ArticleService.batchSize)
            while let batch = next {
                async let following = reading.next(upTo: ArticleService.batchSize)
                let accepted = batch.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
                let outcomes =
                    options.dryRun
                    ? try await preview(accepted, &matcher) : try await take(accepted, &matcher, proposal)
                report.count(outcomes, rejected: batch)
                // A feed of which nothing is taken makes no title.
                report.titleIsNew = !hadTitle && report.added > 0
                progress(report.total, document.entryCount)
                next = try await following
            }
        } catch let error as MembershipError where report.added + report.updated > 0 && !options.dryRun {
            throw MembershipError(
                error.code, error.message + " Before that, \(report.total) of \(document.entryCount) entries went in.",
                remedy: [error.remedy, "Importing again finishes the feed."].compactMap(\.self).joined(separator: " "))
        }
        return report
    }

    /// Entries a transaction: few enough that other writers wait only for milliseconds.
    private static let batchSize = 100

    private func preview(_ entries: [FeedEntry], _ matcher: inout EntryMatcher) async throws -> [EntryMatcher.Outcome] {
        let before = matcher
        let (after, outcomes) = try await store.read { tx in
            var matcher = before
            let outcomes = try entries.map { try matcher.match($0, tx).outcome }
            return (matcher, outcomes)
        }
        matcher = after
        return outcomes
    }

    /// Writes a batch. Its title is added with the first entry that is taken, so that a feed of which none is leaves
    /// nothing behind.
    private func take(
        _ entries: [FeedEntry], _ matcher: inout EntryMatcher, _ proposal: TitleProposal
    ) async throws -> [EntryMatcher.Outcome] {
        guard !entries.isEmpty else { return [] }
        let before = matcher
        let (after, outcomes) = try await store.write { tx in
            var matcher = before
            let title = try before.title ?? proposal.existing(tx) ?? proposal.add(tx)
            try tx.learnHomePage(of: title)
            matcher.title = title
            let outcomes = try entries.map { try matcher.take($0, tx) }
            return (matcher, outcomes)
        }
        matcher = after
        return outcomes
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
                .invalidFeed, "No slug can be made of ‘\(channel.name)’, as the channel of \(file) is called.",
                remedy: "Name the title with --title SLUG.")
        }
        self.slug = slug
        name = channel.name.isEmpty ? slug.text : channel.name
        homePage = channel.homePage
        language = channel.language
    }

    func existing(_ tx: ReadTransaction) throws -> Title? {
        guard let title = try tx.title(slug) else { return nil }
        guard let theirs = title.homePage, let ours = homePage else { return title.withHomePage(homePage) }
        guard isChosen || SiteAddress(theirs) == SiteAddress(ours) else {
            throw MembershipError(
                .titleExists, "The title ‘\(slug)’ is that of \(theirs), and this feed is of \(ours).",
                remedy:
                    "Name the title with --title: another slug, or \(slug) to put both together, if their ids differ: "
                    + "entries with one id are one article.")
        }
        return title
    }

    func add(_ tx: WriteTransaction) throws -> Title {
        try tx.insertTitle(
            slug: slug, name: name, section: nil, homePage: homePage, language: language)
    }
}

extension Title {
    /// The same with a home page, unless it has one. A title that an operator adds learns its own from its first feed.
    fileprivate func withHomePage(_ page: String?) -> Title {
        Title(
            id: id, slug: slug, name: name, section: section, homePage: homePage ?? page, language: language,
            createdAt: createdAt)
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
