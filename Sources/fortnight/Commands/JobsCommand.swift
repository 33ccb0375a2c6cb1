import ArgumentParser
import Membership
import MembershipService

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Due work: what there is, doing it, and what was done.",
        discussion: "Example:\n  fortnight jobs run trial-expiry",
        subcommands: [List.self, Run.self, History.self])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the jobs, with what is due.",
            discussion: """
                Example:
                  fortnight jobs list
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            let entries = try await global.services().jobs.list()
            if global.json {
                for entry in entries { try global.console.document(JobView(entry), onOneLine: true) }
                return
            }
            var table = Table("JOB", "DUE", "LAST RUN AS OF", "DOES")
            for entry in entries {
                table.add(entry.name, String(entry.dueCount), entry.lastRun?.asOf.rfc3339 ?? "never", entry.summary)
            }
            global.console.line(table.text)
        }
    }

    struct Run: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Do what is due. Running twice, or twice at once, does nothing twice.",
            discussion: """
                Example:
                  fortnight jobs run trial-expiry --dry-run
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The job's name; fortnight jobs list shows them.")
        var job: String

        @Flag(help: "Only list what would be done.")
        var dryRun = false

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("How many things to do at most (default: all that is due).", valueName: "n"))
        var limit: Int?

        func perform() async throws {
            let limit = try limit.map { try PageLimit($0, most: 1_000_000) }
            if dryRun {
                try show(await global.services().jobs.preview(job, limit: limit))
                return
            }
            let run = try await global.services().jobs.run(job, limit: limit)
            if global.json {
                try global.console.document(JobRunView(run))
            } else {
                global.console.line(
                    "\(run.job): \(run.processed) done, as of \(run.asOf), in \(run.durationMilliseconds) ms.")
            }
        }

        private func show(_ preview: JobService.Preview) throws {
            if global.json {
                for item in preview.items { try global.console.document(DueItemView(item), onOneLine: true) }
                return
            }
            var table = Table("DUE SINCE", "ACCOUNT", "SUBSCRIPTION")
            for item in preview.items {
                table.add(item.dueAt.rfc3339, item.account.description, item.subscription.description)
            }
            if !preview.items.isEmpty { global.console.line(table.text) }
            let listed = preview.items.count < preview.count ? "; the first \(preview.items.count) are listed" : ""
            global.console.note("\(job) would do \(preview.count)\(listed). Nothing was changed.")
        }
    }

    struct History: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "history", abstract: "List the newest runs.",
            discussion: """
                Example:
                  fortnight jobs history --limit 10
                """)

        @OptionGroup var global: GlobalOptions

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 20

        func perform() async throws {
            let runs = try await global.services().jobs.history(limit: PageLimit(limit))
            if global.json {
                for run in runs { try global.console.document(JobRunView(run), onOneLine: true) }
                return
            }
            guard !runs.isEmpty else {
                global.console.note("No job has run yet.")
                return
            }
            var table = Table("AS OF", "JOB", "DONE", "MS", "RESULT")
            for run in runs {
                table.add(
                    run.asOf.rfc3339, run.job, String(run.processed), String(run.durationMilliseconds),
                    run.error ?? "ok")
            }
            global.console.line(table.text)
        }
    }
}

private struct JobView: Encodable {
    let name: String
    let summary: String
    let due: Int
    @ExplicitNull var lastRun: JobRunView?

    init(_ entry: JobService.Entry) {
        name = entry.name
        summary = entry.summary
        due = entry.dueCount
        lastRun = entry.lastRun.map(JobRunView.init)
    }
}

private struct JobRunView: Encodable {
    let id: String
    let job: String
    let asOf: Timestamp
    let durationMs: Int64
    let processed: Int
    @ExplicitNull var error: String?

    init(_ run: JobRun) {
        id = run.id.description
        job = run.job
        asOf = run.asOf
        durationMs = run.durationMilliseconds
        processed = run.processed
        error = run.error
    }
}

private struct DueItemView: Encodable {
    let account: String
    let subscription: String
    let dueAt: Timestamp

    init(_ item: JobService.DueItem) {
        account = item.account.description
        subscription = item.subscription.description
        dueAt = item.dueAt
    }
}
