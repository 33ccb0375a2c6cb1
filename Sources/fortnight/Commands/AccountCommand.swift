import ArgumentParser
import Membership
import MembershipService

struct AccountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The people who have signed up.",
        discussion: "Example:\n  fortnight account show ada@example.com",
        subcommands: [
            Show.self, List.self, Timeline.self, At.self, Forecast.self, Suspend.self, Reinstate.self,
            ChangeEmail.self, Merge.self, Export.self, Erase.self,
        ])

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show an account, its subscription, its grants and the days left.",
            discussion: """
                Example:
                  fortnight account show ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        func perform() async throws {
            let overview = try await global.services().accounts.overview(AccountReference(parsing: account))
            try global.show(overview)
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List accounts in the order in which they were made.",
            discussion: """
                The place to go on from is printed on standard error, and stands in the last line of --json.

                Example:
                  fortnight account list --status trialing --limit 20
                """)

        @OptionGroup var global: GlobalOptions

        @Option(
            help: ArgumentHelp(
                """
                Only those that are trialing, active, past_due, paused, canceled, expired, suspended, merged, erased, or \
                none of it.
                """, valueName: "status"))
        var status: String?

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 50

        @Option(help: ArgumentHelp("Go on after the page that ended with this cursor.", valueName: "cursor"))
        var after: String?

        func perform() async throws {
            let page = try await global.services().accounts.list(
                status: status.map(AccountStatus.init(parsing:)), after: after.map(Cursor.init(parsing:)),
                limit: PageLimit(limit))
            if global.json {
                for overview in page.accounts { try global.console.document(AccountView(overview), onOneLine: true) }
                if let next = page.next {
                    try global.console.document(["next": next.description], onOneLine: true)
                }
                return
            }
            guard !page.accounts.isEmpty else {
                global.console.note("There are no such accounts.")
                return
            }
            var table = Table("ACCOUNT", "STATUS", "TRIAL DAYS", "SIGNED UP", "EMAIL")
            for overview in page.accounts {
                table.add(
                    overview.account.id.description, overview.status.rawValue, String(overview.daysLeft),
                    overview.account.createdAt.rfc3339, overview.account.addressOrFate)
            }
            global.console.line(table.text)
            if let next = page.next { global.console.note("There are more: --after \(next)") }
        }
    }

    struct Suspend: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "suspend", abstract: "Keep an account from reading anything that needs one.",
            discussion: """
                Example:
                  fortnight account suspend ada@example.com --reason "Shared her password"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String

        func perform() async throws {
            let overview = try await global.services().accounts.suspend(
                AccountReference(parsing: account), reason: reason)
            try global.show(overview)
        }
    }

    struct Reinstate: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "reinstate", abstract: "End a suspension.",
            discussion: """
                What the account was entitled to meanwhile has not stood still.

                Example:
                  fortnight account reinstate ada@example.com --reason "Cleared up by phone"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String

        func perform() async throws {
            let overview = try await global.services().accounts.reinstate(
                AccountReference(parsing: account), reason: reason)
            try global.show(overview)
        }
    }
}

extension GlobalOptions {
    /// Shows an account with all that hangs on it.
    func show(_ overview: AccountService.Overview) throws {
        let account = overview.account
        if json {
            try console.document(AccountView(overview))
            return
        }
        var facts = Table()
        facts.add("account", account.id.description)
        facts.add("email", account.addressOrFate)
        if let name = account.name { facts.add("name", name) }
        facts.add("status", overview.statusSentence)
        facts.add("time zone", account.timeZone)
        facts.add("language", account.language.rawValue)
        facts.add("created", account.createdAt.rfc3339)
        for subscription in overview.subscriptions {
            facts.add("subscription", "\(subscription.id): " + subscription.advanced(to: overview.at).sentence)
        }
        for grant in overview.grants { facts.add("grant", grant.sentence(at: overview.at)) }
        console.line(facts.text)
    }
}

extension Account {
    /// The address, or why there is none.
    fileprivate var addressOrFate: String {
        if erasedAt != nil { return "(erased)" }
        if let mergedInto { return "(part of \(mergedInto))" }
        return email
    }
}

extension AccountService.Overview {
    fileprivate var daysLeft: Int { subscriptions.first?.trialDaysLeft(at: at) ?? 0 }

    fileprivate var statusSentence: String {
        if let erasedAt = account.erasedAt { return "erased at \(erasedAt)" }
        if let other = account.mergedInto { return "merged: it has become part of \(other)" }
        if let suspension { return "suspended since \(suspension.interval.startsAt): \(suspension.reason)" }
        guard let recorded = subscriptions.first else { return "no subscription" }
        let subscription = recorded.advanced(to: at)
        let since = subscription.endedAt.map { " since \($0)" } ?? ""
        let left = subscription.status == .trialing ? ", \(daysLeft) \(daysLeft == 1 ? "day" : "days") left" : ""
        return subscription.status.rawValue + since + left
            + (subscription.status == recorded.status ? "" : " (not yet recorded by a job)")
    }
}

private struct AccountView: Encodable {
    struct SuspensionView: Encodable {
        let since: Timestamp
        let reason: String
    }

    let id: String
    @ExplicitNull var email: String?
    @ExplicitNull var name: String?
    let timeZone: String
    let language: String
    let createdAt: Timestamp
    @ExplicitNull var erasedAt: Timestamp?
    @ExplicitNull var mergedInto: String?
    let status: String
    let daysLeft: Int
    @ExplicitNull var suspension: SuspensionView?
    @ExplicitNull var subscription: SubscriptionView?
    let grants: [GrantView]
    let at: Timestamp

    init(_ overview: AccountService.Overview) {
        id = overview.account.id.description
        email = overview.account.email.isEmpty ? nil : overview.account.email
        erasedAt = overview.account.erasedAt
        mergedInto = overview.account.mergedInto?.description
        name = overview.account.name
        timeZone = overview.account.timeZone
        language = overview.account.language.rawValue
        createdAt = overview.account.createdAt
        status = overview.status.rawValue
        daysLeft = overview.daysLeft
        suspension = overview.suspension.map { SuspensionView(since: $0.interval.startsAt, reason: $0.reason) }
        subscription = overview.subscriptions.first.map {
            SubscriptionView($0.advanced(to: overview.at), at: overview.at)
        }
        grants = overview.grants.map { GrantView($0, at: overview.at) }
        at = overview.at
    }
}
