import ArgumentParser
import Membership
import MembershipService

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Due work: what there is, doing it, and what was done.",
        discussion: "Example:\n  fortnight jobs run-due",
        subcommands: [List.self, Run.self, RunDue.self, History.self])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the jobs, how often they run, and what is due.",
            discussion: """
                Example:
                  fortnight jobs list
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            let entries = try await global.servicesForDelivery().jobs.list()
            if global.json {
                for entry in entries { try global.console.document(JobView(entry), onOneLine: true) }
                return
            }
            var table = Table("JOB", "EVERY", "DUE", "LAST RUN AS OF", "RESULT", "NEXT RUN", "DOES")
            for entry in entries {
                table.add(
                    entry.name, entry.interval.inWords, String(entry.dueCount),
                    entry.lastRun?.asOf.rfc3339 ?? "never", entry.lastRun?.state.rawValue ?? "-",
                    entry.nextRun.rfc3339, entry.summary)
            }
            global.console.line(table.text)
            for case let lease? in entries.map(\.lease) {
                global.console.note("\(lease.job) is being run by \(lease.runner).")
            }
        }
    }

    struct Run: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Run one job now, whatever its schedule. Running twice does nothing twice.",
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
            let limit = try limit.map(JobLimit.init)
            let jobs = try await global.servicesForDelivery().jobs
            if dryRun {
                try show(await jobs.preview(job, limit: limit))
                return
            }
            let report = try await jobs.run(job, limit: limit)
            if global.json {
                try global.console.document(JobRunView(report.run, note: report.note))
            } else {
                global.console.line(report.line)
            }
            if let note = report.note { global.console.note(note) }
            if report.run.failed > 0 {
                global.console.note(
                    "What failed is tried again later: fortnight doctor names the accounts, fortnight outbox list "
                        + "--due the messages, and why.")
            }
        }

        private func show(_ preview: JobService.Preview) throws {
            if global.json {
                for item in preview.items { try global.console.document(DueItemView(item), onOneLine: true) }
                return
            }
            var table = Table("DUE SINCE", "ACCOUNT", "WHAT")
            for item in preview.items {
                table.add(
                    item.dueAt.rfc3339, item.account.description,
                    item.message?.description ?? item.subscription?.description ?? "")
            }
            if !preview.items.isEmpty { global.console.line(table.text) }
            let listed =
                !preview.items.isEmpty && preview.items.count < preview.count
                ? "; the first \(preview.items.count) are listed" : ""
            global.console.note("\(job) would do \(preview.count)\(listed). Nothing was changed.")
        }
    }

    struct RunDue: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "run-due", abstract: "Run every job whose turn it is. For a timer, every minute.",
            discussion: """
                A job that another process is running is skipped. One that fails does not keep the others from running; \
                the exit status is that of the first that failed.

                Example:
                  fortnight jobs run-due
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            let outcomes = try await global.servicesForDelivery().jobs.runDue(report: show)
            if outcomes.isEmpty { global.console.note("It is no job's turn.") }
            for case .failed(_, let error) in outcomes { throw ExitCode(ExitStatus.of(error.code)) }
        }

        private func show(_ outcome: JobService.Outcome) {
            if global.json {
                try? global.console.document(JobOutcomeView(outcome), onOneLine: true)
                return
            }
            switch outcome {
            case .ran(let report):
                global.console.line(report.line)
                if let note = report.note { global.console.note(note) }
            case .skipped, .failed: global.console.note(outcome.line)
            }
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
            var table = Table("AS OF", "JOB", "DONE", "FAILED", "MS", "RUNNER", "RESULT")
            for run in runs {
                table.add(
                    run.asOf.rfc3339, run.job, String(run.processed), String(run.failed),
                    run.durationMilliseconds.map { String($0) } ?? "-", run.runner ?? "-",
                    run.error ?? run.state.rawValue)
            }
            global.console.line(table.text)
        }
    }
}

private struct DueItemView: Encodable {
    let account: String
    @ExplicitNull var subscription: String?
    @ExplicitNull var message: String?
    let dueAt: Timestamp

    init(_ item: JobService.DueItem) {
        account = item.account.description
        subscription = item.subscription?.description
        message = item.message?.description
        dueAt = item.dueAt
    }
}
