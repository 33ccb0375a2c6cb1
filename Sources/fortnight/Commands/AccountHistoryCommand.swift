import ArgumentParser
import Membership
import MembershipService

extension AccountCommand {
    struct Timeline: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "timeline", abstract: "Show what happened to an account, was given, paid and told, in order.",
            discussion: """
                The time is that of recording; what was in force before says since when.

                Example:
                  fortnight account timeline ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        func perform() async throws {
            let entries = try await global.services().history.timeline(AccountReference(parsing: account))
            if global.json {
                for entry in entries { try global.console.document(TimelineView(entry), onOneLine: true) }
                return
            }
            var table = Table("TIME", "WHAT", "BY", "DETAILS")
            for entry in entries {
                table.add(entry.time.rfc3339, entry.title, entry.actor?.name ?? "", entry.sentence)
            }
            global.console.line(table.text)
        }
    }

    struct At: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "at", abstract: "Show what an account was at a time, as it was known then or later.",
            discussion: """
                A time ahead of what is known is answered by the clock: as if nobody did anything.

                Example:
                  fortnight account at ada@example.com 2026-05-03T00:00:00Z --known-at 2026-05-03T00:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "The time: RFC 3339 with its zone.")
        var time: String

        @Option(help: ArgumentHelp("As it was known at this time (default: now).", valueName: "time"))
        var knownAt: String?

        func perform() async throws {
            let state = try await global.services().history.state(
                of: AccountReference(parsing: account), at: Timestamp(rfc3339: time),
                knownAt: knownAt.map(Timestamp.init(rfc3339:)))
            if global.json {
                try global.console.document(StateView(state))
                return
            }
            guard state.existed else {
                global.console.line(
                    "There was no account \(state.account.id) at \(min(state.at, state.knownAt)): "
                        + "it was made at \(state.account.createdAt).")
                return
            }
            var facts = Table()
            facts.add("account", state.account.id.description)
            facts.add("at", state.at.rfc3339)
            facts.add("known at", state.knownAt.rfc3339)
            if let suspension = state.suspension {
                facts.add("suspended", "since \(suspension.interval.startsAt): \(suspension.reason)")
            }
            switch state.subscription {
            case .none: facts.add("subscription", "none")
            case .unrecorded: facts.add("subscription", "not known: its events are from before they held it")
            case .known(let subscription): facts.add("subscription", "\(subscription.id): " + subscription.sentence)
            }
            if state.grants.isEmpty { facts.add("grant", "none") }
            for grant in state.grants { facts.add("grant", grant.sentence(at: state.at)) }
            global.console.line(facts.text)
        }
    }

    struct Forecast: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "forecast", abstract: "Show what will become of an account if nobody does anything.",
            discussion: """
                The jobs run ahead on a copy of the account; the account itself is only read.

                Example:
                  fortnight account forecast ada@example.com --until 2027-01-01T00:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Up to and including this time.", valueName: "time"))
        var until: String

        func perform() async throws {
            let forecast = try await global.servicesForDelivery().history.forecast(
                AccountReference(parsing: account), until: Timestamp(rfc3339: until))
            if global.json {
                try global.console.document(ForecastView(forecast))
                return
            }
            if forecast.entries.isEmpty {
                global.console.line("Nothing will happen until \(forecast.until).")
            } else {
                var table = Table("TIME", "WHAT", "MESSAGE", "DETAILS")
                for entry in forecast.entries {
                    table.add(
                        entry.event.recordedAt.rfc3339, entry.event.kind.rawValue, entry.message?.rawValue ?? "-",
                        entry.details)
                }
                global.console.line(table.text)
            }
            let end = forecast.end.subscriptions.first?.advanced(to: forecast.until).sentence ?? "no subscription"
            global.console.line("Then, at \(forecast.until): \(end).")
        }
    }
}

extension TimelineEntry {
    fileprivate var title: String {
        if case .event(let kind) = what { return kind.rawValue }
        return what.subject + " " + what.name.split(separator: "_").joined(separator: " ")
    }

    fileprivate var sentence: String {
        guard let reason else { return details }
        return details.isEmpty ? "(\(reason))" : "\(details) (\(reason))"
    }
}

private struct TimelineView: Encodable {
    let time: Timestamp
    let type: String
    let what: String
    let details: String
    @ExplicitNull var actor: String?
    @ExplicitNull var reason: String?

    init(_ entry: TimelineEntry) {
        time = entry.time
        type = entry.what.subject
        what = entry.what.name
        details = entry.details
        actor = entry.actor?.name
        reason = entry.reason
    }
}

private struct StateView: Encodable {
    struct SuspensionView: Encodable {
        let since: Timestamp
        let reason: String
    }

    let account: String
    let at: Timestamp
    let knownAt: Timestamp
    let existed: Bool
    @ExplicitNull var suspension: SuspensionView?
    let subscriptionRecorded: Bool
    @ExplicitNull var subscription: SubscriptionView?
    let grants: [GrantView]

    init(_ state: HistoryService.State) {
        account = state.account.id.description
        at = state.at
        knownAt = state.knownAt
        existed = state.existed
        suspension = state.suspension.map { SuspensionView(since: $0.interval.startsAt, reason: $0.reason) }
        subscriptionRecorded = state.subscription != .unrecorded
        if case .known(let known) = state.subscription { subscription = SubscriptionView(known, at: state.at) }
        grants = state.grants.map { GrantView($0, at: state.at) }
    }
}

private struct ForecastView: Encodable {
    struct EntryView: Encodable {
        let time: Timestamp
        let event: EventView
        @ExplicitNull var message: String?
    }

    let until: Timestamp
    let entries: [EntryView]
    let status: String
    @ExplicitNull var subscription: SubscriptionView?
    let grants: [GrantView]

    init(_ forecast: AccountForecast) {
        until = forecast.until
        entries = forecast.entries.map {
            EntryView(time: $0.event.recordedAt, event: EventView($0.event), message: $0.message?.rawValue)
        }
        status = forecast.end.status.rawValue
        subscription = forecast.end.subscriptions.first.map {
            SubscriptionView($0.advanced(to: forecast.until), at: forecast.until)
        }
        grants = forecast.end.grants.filter { $0.interval.contains(forecast.until) }
            .map { GrantView($0, at: forecast.until) }
    }
}
