import ArgumentParser
import Membership
import MembershipService

struct ImportCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring in the articles of feeds: RSS, Atom or JSON Feed.",
        discussion: """
            A feed is a title: without --title its slug and name come from the channel. Importing again changes
            nothing, unless the feed has changed. A feed that is not well formed is refused whole; an entry that
            cannot be taken is reported, and the rest go in. See docs/feeds.md.

            Example:
              fortnight article import golem.xml --title golem --access metered
              curl -s https://example.com/feed.json | fortnight article import -
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("Files, compressed with gzip or not; - is standard input.", valueName: "feed"))
    var feeds: [String]

    @Option(help: ArgumentHelp("The title the articles belong to; added when it is not there.", valueName: "slug"))
    var title: String?

    @Option(help: ArgumentHelp("The access of new articles (default: their title's).", valueName: "level"))
    var access: String?

    @Option(help: ArgumentHelp("The section of all of them (default: what each entry says).", valueName: "name"))
    var section: String?

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    func perform() async throws {
        let options = ArticleService.ImportOptions(
            title: try title.map(Slug.init(parsing:)), access: try access.map(AccessLevel.init(parsing:)),
            section: section, dryRun: dryRun)
        let services = try await global.services()
        var summary = ImportView(dryRun: dryRun)
        var firstError: MembershipError?
        for feed in feeds {
            do {
                let report = try await importOne(feed, options, services)
                summary.add(report, file: feed)
                if !global.json { show(report, feed) }
            } catch let error as MembershipError {
                // One feed that is refused does not keep the others out.
                summary.add(error, file: feed)
                firstError = firstError ?? error
                global.console.report(error)
            }
        }
        if global.json {
            try global.console.document(summary)
        } else if feeds.count > 1 || dryRun {
            global.console.line(summary.sentence)
        }
        if let firstError { throw ExitCode(ExitStatus.of(firstError.code)) }
        // Some entries may be bad; when all are, the feed is.
        if summary.rejected > 0, summary.added + summary.updated + summary.unchanged == 0 {
            throw ExitCode(ExitStatus.of(.invalidFeed))
        }
    }

    private func importOne(
        _ feed: String, _ options: ArticleService.ImportOptions, _ services: Services
    ) async throws -> ArticleService.ImportReport {
        let bar = ProgressBar(label: feed, isQuiet: global.json)
        defer { bar.clear() }
        return try await services.articles.importFeed(path: feed, options: options) { bar.show($0, of: $1) }
    }

    private func show(_ report: ArticleService.ImportReport, _ feed: String) {
        for item in report.rejected {
            let place = "entry \(item.position)" + (item.line.map { ", line \($0)" } ?? "")
            global.console.note(
                "\(feed): \(place)\(item.label.map { ", ‘\($0)’" } ?? "") was rejected: \(item.reason)")
        }
        global.console.line(
            "\(report.title)\(report.titleIsNew ? " (new title)" : ""): \(report.added) added, "
                + "\(report.updated) updated, \(report.unchanged) unchanged, \(report.rejected.count) rejected")
    }
}

private struct ImportView: Encodable {
    struct Feed: Encodable {
        let file: String
        @ExplicitNull var title: String?
        var titleIsNew = false
        var added = 0
        var updated = 0
        var unchanged = 0
        var rejected = 0
        var rejections: [Rejection] = []
        @ExplicitNull var error: String?
    }

    struct Rejection: Encodable {
        let position: Int
        @ExplicitNull var line: Int?
        @ExplicitNull var label: String?
        let reason: String
    }

    let dryRun: Bool
    var added = 0
    var updated = 0
    var unchanged = 0
    var rejected = 0
    var feeds: [Feed] = []

    init(dryRun: Bool) {
        self.dryRun = dryRun
    }

    mutating func add(_ report: ArticleService.ImportReport, file: String) {
        added += report.added
        updated += report.updated
        unchanged += report.unchanged
        rejected += report.rejected.count
        feeds.append(
            Feed(
                file: file, title: report.title.text, titleIsNew: report.titleIsNew, added: report.added,
                updated: report.updated, unchanged: report.unchanged, rejected: report.rejected.count,
                rejections: report.rejected.map {
                    Rejection(position: $0.position, line: $0.line, label: $0.label, reason: $0.reason)
                }))
    }

    mutating func add(_ error: MembershipError, file: String) {
        feeds.append(Feed(file: file, error: error.message))
    }

    var sentence: String {
        let refused = feeds.count { $0.error != nil }
        let read = feeds.count - refused
        return "\(read) feed\(read == 1 ? "" : "s"): \(added) added, \(updated) updated, \(unchanged) unchanged, "
            + "\(rejected) rejected" + (refused > 0 ? "; \(refused) refused" : "")
            + (dryRun ? ". Nothing was changed." : "")
    }
}
