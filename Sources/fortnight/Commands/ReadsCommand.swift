import ArgumentParser
import Membership
import MembershipService

struct ReadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reads", abstract: "What was read: the month that titles are paid from, and one reader's reads.",
        discussion: "Example:\n  fortnight reads report --month 2026-11",
        subcommands: [Report.self, List.self])

    struct Report: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "report", abstract: "Sum up what was read in a month.",
            discussion: """
                READS counts every recorded read, ARTICLES READ an article once for each of its readers, READERS \
                accounts and visitors. Each reader's reading is 1 and is divided among the articles that she read in \
                the month; SHARE is what of it went to a line, and all shares come to the number of readers. Of a \
                month that is over the report stays the same for ever.

                Example:
                  fortnight reads report --month 2026-11
                  fortnight reads report --month 2026-11 --by section --time-zone Europe/Berlin
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Which month: 2026-11.", valueName: "month"))
        var month: String

        @Option(help: ArgumentHelp("What a line is: title, section, article, day or admission.", valueName: "thing"))
        var by = "title"

        @Option(help: ArgumentHelp("By which clock the month begins and ends.", valueName: "zone"))
        var timeZone = "UTC"

        func perform() async throws {
            let (month, grouping) = (try CalendarMonth(parsing: month), try ReadReport.Grouping(parsing: by))
            let report = try await global.services().reads.report(
                month, by: grouping, in: Zone(parsing: timeZone))
            if !report.isFinal {
                global.console.note(
                    "\(month) (\(report.zone.name)) is not complete until ten minutes after its end; this is what was read up to "
                        + "\(report.at).")
            }
            if global.json {
                for line in report.lines { try global.console.document(ReportLineView(line, report), onOneLine: true) }
                return
            }
            guard !report.lines.isEmpty else {
                global.console.note("Nothing was read in \(month) (\(report.zone.name)).")
                return
            }
            global.console.line("\(month) (\(report.zone.name)), by \(grouping.rawValue)\n")
            global.console.line(report.table.text)
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List what a reader has opened, newest first.",
            discussion: """
                Example:
                  fortnight reads list ada@example.com --limit 20
                  fortnight reads list --visitor 5f0c8e0c-6a51-4b8e
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String?

        @Option(
            help: ArgumentHelp("A visitor whom the site knows by this id, in place of an account.", valueName: "id"))
        var visitor: String?

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 50

        func validate() throws {
            guard (account == nil) != (visitor == nil) else {
                throw ValidationError("Name an account or a visitor: fortnight reads list ada@example.com")
            }
        }

        func perform() async throws {
            let limit = try PageLimit(limit)
            let reader: ReaderReference
            if let visitor {
                reader = .visitor(try VisitorID(parsing: visitor))
            } else {
                reader = .account(try AccountReference(parsing: account ?? ""))
            }
            let records = try await global.services().reads.list(of: reader, limit: limit)
            defer { if records.count == limit.count { global.console.note("There may be more; see --limit.") } }
            if global.json {
                for record in records { try global.console.document(ReadRecordView(record), onOneLine: true) }
                return
            }
            guard !records.isEmpty else {
                global.console.note("There are no reads.")
                return
            }
            var table = Table("READ", "OPENED", "ARTICLE", "ADMITTED BY", "METER", "SECONDS", "CLIENT KEY")
            for record in records {
                let read = record.read
                table.add(
                    read.id.description, read.openedAt.rfc3339, record.key?.description ?? read.article.description,
                    read.admittedBy.rawValue + (read.source.map { " (\($0.rawValue))" } ?? ""), read.meter?.name ?? "",
                    read.seconds.map(String.init) ?? "", read.clientKey?.text ?? "")
            }
            global.console.line(table.text)
        }
    }
}

extension ReadReport {
    fileprivate var table: Table {
        var table = Table(grouping.rawValue.uppercased(), "READS", "ARTICLES READ", "READERS", "SHARE", "PERCENT")
        for line in lines {
            table.add(
                name(of: line.item), String(line.reads), String(line.articlesRead), String(line.readers),
                line.share.decimal(places: 6), line.share.percent(ofReaders: readers).decimal(places: 2))
        }
        table.add("total", String(reads), String(articlesRead), String(readers), "\(readers).000000", "100.00")
        return table
    }

    /// What a line is about, a day with its month.
    fileprivate func name(of item: Item) -> String {
        guard case .day(let day) = item else { return item.description }
        return "\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}

/// A line of a report as JSON, with what it is a line of.
private struct ReportLineView: Encodable {
    let month: String
    let timeZone: String
    let by: String
    let item: String
    @ExplicitNull var title: String?
    @ExplicitNull var section: String?
    @ExplicitNull var articleId: String?
    let reads: Int
    let articlesRead: Int
    let readers: Int
    let share: String
    let percent: String
    let totalReaders: Int
    let complete: Bool

    init(_ line: ReadReport.Line, _ report: ReadReport) {
        month = report.month.description
        timeZone = report.zone.name
        by = report.grouping.rawValue
        item = report.name(of: line.item)
        switch line.item {
        case .title(let title): self.title = title.text
        case .section(let title, let section): (self.title, self.section) = (title.text, section)
        case .article(let id, let title, _): (self.title, articleId) = (title.text, id.description)
        case .day, .admission: break
        }
        reads = line.reads
        articlesRead = line.articlesRead
        readers = line.readers
        share = line.share.decimal(places: 6)
        percent = line.share.percent(ofReaders: report.readers).decimal(places: 6)
        totalReaders = report.readers
        complete = report.isFinal
    }
}
