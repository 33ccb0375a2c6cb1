import ArgumentParser
import Membership
import MembershipService

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "What happened to accounts: finding it, following it, checking it.",
        discussion: "Example:\n  fortnight events list --kind trial. --since 2026-05-01T00:00:00Z",
        subcommands: [List.self, Tail.self, Verify.self])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List events in the order in which they were recorded.",
            discussion: """
                The place to go on from is printed on standard error, and stands in the last line of --json.

                Example:
                  fortnight events list --account ada@example.com --limit 20
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var filter: EventFilterOptions

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 50

        @Option(help: ArgumentHelp("Go on after the page that ended with this cursor.", valueName: "cursor"))
        var after: String?

        func perform() async throws {
            let page = try await global.services().events.list(
                filter.filter(), after: after.map(EventPlace.init(parsing:)), limit: PageLimit(limit))
            try global.console.show(page.events)
            if let next = page.next {
                if global.json {
                    try global.console.document(["next": next.description], onOneLine: true)
                } else {
                    global.console.note("There are more: --after \(next)")
                }
            }
            if page.events.isEmpty, !global.json { global.console.note("There are no such events.") }
        }
    }

    struct Tail: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "tail", abstract: "Show the newest events, and with --follow whatever comes.",
            discussion: """
                Following ends with Ctrl-C, and looks once a second.

                Example:
                  fortnight events tail --follow --kind payment.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var filter: EventFilterOptions

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("How many to begin with, up to \(PageLimit.most).", valueName: "n"))
        var limit = 20

        @Flag(help: "Go on with what comes, until stopped.")
        var follow = false

        func perform() async throws {
            let (console, events) = (global.console, try await global.services().events)
            guard follow else {
                try console.show(await events.newest(PageLimit(limit), filter.filter()))
                return
            }
            let beginning = try await events.follow(filter.filter(), newest: PageLimit(limit))
            try console.show(beginning.newest)
            try await StopSignals.follow {
                var tail = beginning
                while true {
                    try await Task.sleep(for: .seconds(1))
                    try console.show(await tail.next())
                }
            }
        }
    }

    struct Verify: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Find events that were changed, removed or inserted.",
            discussion: """
                Exit status 0 when every chain is whole, 1 when one is not. It reads every event.

                Example:
                  fortnight events verify --account ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only this account, by its address or id (default: all).", valueName: "account"))
        var account: String?

        func perform() async throws {
            let console = global.console
            let verification = try await global.services().events.verify(
                account.map(AccountReference.init(parsing:))
            ) { fault in
                if console.isJSON {
                    try? console.document(FaultView(fault), onOneLine: true)
                } else {
                    console.line("\(fault.account): \(fault.what).")
                }
            }
            if console.isJSON {
                try console.document(VerificationView(verification), onOneLine: true)
            } else {
                let (accounts, events) = (verification.accounts, verification.events)
                console.line(
                    verification.faults == 0
                        ? "\(events) events of \(accounts) accounts are as they were recorded."
                        : "\(verification.faults) of \(accounts) accounts have events that are not as they were recorded."
                )
            }
            guard verification.faults == 0 else { throw ExitCode(ExitStatus.denied) }
        }
    }
}

/// Which events are wanted.
struct EventFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only of this account, by its address or id.", valueName: "account"))
    var account: String?

    @Option(
        help: ArgumentHelp("Only of this kind: trial.ended, or trial. for all that begin so.", valueName: "kind"))
    var kind: String?

    @Option(help: ArgumentHelp("Only what this one did: operator:jo, clock, job:renewal.", valueName: "actor"))
    var actor: String?

    @Option(help: ArgumentHelp("Recorded at this time or later.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Recorded before this time.", valueName: "time"))
    var until: String?

    func filter() throws -> EventFilter {
        try EventFilter(
            account: account.map(AccountReference.init(parsing:)), kind: kind.map(Event.KindPattern.init(parsing:)),
            actor: actor.map(Actor.lookedFor), since: since.map(Timestamp.init(rfc3339:)),
            until: until.map(Timestamp.init(rfc3339:)))
    }
}

extension Console {
    fileprivate func show(_ events: [Event]) throws {
        for event in events {
            if isJSON {
                try document(EventView(event), onOneLine: true)
            } else {
                line(event.line)
            }
        }
    }
}

private struct FaultView: Encodable {
    let account: String
    let fault: String

    init(_ fault: EventService.Fault) {
        account = fault.account.description
        self.fault = fault.what
    }
}

private struct VerificationView: Encodable {
    let accounts: Int
    let events: Int
    let faults: Int

    init(_ verification: EventService.Verification) {
        accounts = verification.accounts
        events = verification.events
        faults = verification.faults
    }
}
