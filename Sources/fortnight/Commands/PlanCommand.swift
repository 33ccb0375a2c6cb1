import ArgumentParser
import Membership
import MembershipService

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "The catalog: what one can subscribe to, in versions.",
        discussion: """
            A plan has versions. A draft becomes one by being published, and never changes after that. Subscribers stay \
            on theirs until they are moved. docs/plans.md has the rest.

            Example:
              fortnight plan add membership --price 10.99:EUR
              fortnight plan publish membership
              fortnight plan migrate membership --from 1 --to 2 --dry-run
            """,
        subcommands: [
            Add.self, Publish.self, List.self, Show.self, Retire.self, PlanMigrateCommand.self, PlanApplyCommand.self,
        ])

    struct Add: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Write the draft of a plan's next version.",
            discussion: """
                What is not said is as in the newest version. A draft that is there is replaced. A new plan has no price, \
                a month as its period, no trial, and 7 grace days.

                Example:
                  fortnight plan add archive --price 4.99:EUR --price 5.49:USD --interval "1 month" --entitlement title:golem
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The plan's name.")
        var name: String

        @Option(
            name: .customLong("price"), parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "What a period costs, and in which currency: 9.99:EUR. Repeat it for each currency.",
                valueName: "amount:code"))
        var prices: [String] = []

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("How long a period is: 30 days, month, 3 months, year.", valueName: "interval"))
        var interval: String?

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("How many times 24 hours are free, 0 to 365.", valueName: "days"))
        var trialDays: Int?

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("For how many times 24 hours an unpaid period gives access.", valueName: "days"))
        var graceDays: Int?

        @Option(
            name: .customLong("entitlement"),
            help: ArgumentHelp(
                "What a subscriber is entitled to: all-titles, title:SLUG. Repeat it for each.", valueName: "name"))
        var entitlements: [String] = []

        func perform() async throws {
            let wishes = PlanService.Wishes(
                prices: prices.isEmpty ? nil : try prices.map(Add.price),
                interval: try interval.map(BillingInterval.init(parsing:)),
                trialDays: trialDays, graceDays: graceDays,
                entitlements: entitlements.isEmpty ? nil : try entitlements.map(Entitlement.init(parsing:)))
            let drafted = try await global.services().plans.add(Slug(parsing: name), wishes)
            if global.json {
                try global.console.document(DraftView(drafted))
                return
            }
            if let replaced = drafted.replaced {
                global.console.note("The draft of version \(replaced.version) that was there is replaced.")
            }
            global.console.line("Drafted \(drafted.draft).")
            if drafted.difference.isEmpty, let published = drafted.published {
                global.console.line("Its terms are those of \(published).")
            } else {
                for line in drafted.difference.lines { global.console.line(line) }
            }
            global.console.note("fortnight plan publish \(name) publishes it.")
        }

        /// `9.99:EUR`
        private static func price(_ text: String) throws -> Money {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw MembershipError(
                    .invalidInput, "‘\(text)’ is not a price.", remedy: "Write an amount and a currency: 9.99:EUR.")
            }
            return try Money(parsing: String(parts[0]), currency: Currency(parsing: String(parts[1])))
        }
    }

    struct Publish: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "publish", abstract: "Publish the draft of a plan; new subscribers get it.",
            discussion: """
                Those who have subscribed stay on their version; fortnight plan migrate moves them.

                Example:
                  fortnight plan publish membership
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The plan's name.")
        var name: String

        func perform() async throws {
            let published = try await global.services().plans.publish(Slug(parsing: name))
            if global.json {
                try global.console.document(PublishedView(published))
                return
            }
            global.console.line("Published \(published.version).")
            for line in published.difference.lines { global.console.line(line) }
            if published.openSubscriptionsBefore > 0 {
                global.console.note(
                    "\(published.openSubscriptionsBefore) subscriptions stay on earlier versions until fortnight plan "
                        + "migrate moves them.")
            }
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the plans, with what new subscribers get.",
            discussion: """
                Example:
                  fortnight plan list
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            let plans = try await global.services().plans.list()
            if global.json {
                for plan in plans { try global.console.document(PlanView(plan), onOneLine: true) }
                return
            }
            var table = Table("PLAN", "VERSION", "PRICE", "EVERY", "TRIAL", "GRACE", "OPEN", "ENTITLEMENTS", "STATE")
            for overview in plans {
                let plan = overview.plan
                guard let shown = plan.published ?? plan.draft else { continue }
                let state = plan.retiredAt != nil ? "retired" : plan.published == nil ? "draft" : "on offer"
                table.add(shown, open: overview.openSubscriptions.values.reduce(0, +), first: plan.name.text, state)
            }
            global.console.line(table.text)
        }
    }

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show a plan with all its versions, and how many subscriptions each has.",
            discussion: """
                Counted are the subscriptions that are recorded as not ended.

                Example:
                  fortnight plan show membership --version 1
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The plan's name.")
        var name: String

        @Option(parsing: .unconditional, help: ArgumentHelp("Only this version.", valueName: "n"))
        var version: Int?

        func perform() async throws {
            let overview = try await global.services().plans.show(Slug(parsing: name), version: version)
            let plan = overview.plan
            if global.json {
                try global.console.document(PlanView(overview))
                return
            }
            if let retiredAt = plan.retiredAt { global.console.line("Retired at \(retiredAt).") }
            var table = Table(
                "VERSION", "PUBLISHED", "PRICE", "EVERY", "TRIAL", "GRACE", "OPEN", "ENTITLEMENTS", "STATE")
            for version in plan.versions {
                let open = overview.openSubscriptions[version.version] ?? 0
                table.add(
                    version, open: open, first: String(version.version), state(version, of: plan), showsPublished: true)
            }
            global.console.line(table.text)
        }

        private func state(_ version: PlanVersion, of plan: Plan) -> String {
            if version.publishedAt == nil { return "draft" }
            if plan.retiredAt != nil { return "retired" }
            return version == plan.published ? "on offer" : "earlier"
        }
    }

    struct Retire: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "retire", abstract: "Let nobody subscribe to a plan any more; its subscribers stay.",
            discussion: """
                It stays retired. The plan that trials are of cannot be retired.

                Example:
                  fortnight plan retire archive
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The plan's name.")
        var name: String

        func perform() async throws {
            let retired = try await global.services().plans.retire(Slug(parsing: name))
            if global.json {
                try global.console.document(PlanView(retired.overview))
                return
            }
            let open = retired.overview.openSubscriptions.values.reduce(0, +)
            global.console.line(
                retired.wasRetired
                    ? "\(name) is retired already; nothing was changed."
                    : "Retired \(name). \(open) \(open == 1 ? "subscription stays" : "subscriptions stay").")
        }
    }
}

extension Table {
    /// A version of a plan, under PRICE, EVERY, TRIAL, GRACE, OPEN and ENTITLEMENTS.
    fileprivate mutating func add(
        _ version: PlanVersion, open: Int, first: String, _ state: String, showsPublished: Bool = false
    ) {
        let terms = version.terms
        let second = showsPublished ? version.publishedAt?.rfc3339 ?? "-" : String(version.version)
        add(
            first, second, terms.priceList, terms.interval.description, "\(terms.trialDays) d", "\(terms.graceDays) d",
            String(open), terms.entitlementList, state)
    }
}

private struct DraftView: Encodable {
    let draft: PlanVersionView
    @ExplicitNull var replaced: PlanVersionView?
    let changes: [PlanChangeView]

    init(_ drafted: PlanService.Drafted) {
        draft = PlanVersionView(drafted.draft)
        replaced = drafted.replaced.map(PlanVersionView.init)
        changes = drafted.difference.changes.map(PlanChangeView.init)
    }
}

private struct PublishedView: Encodable {
    let published: PlanVersionView
    @ExplicitNull var previousVersion: Int?
    let changes: [PlanChangeView]
    let openSubscriptionsBefore: Int

    init(_ published: PlanService.Published) {
        self.published = PlanVersionView(published.version)
        previousVersion = published.previous?.version
        changes = published.difference.changes.map(PlanChangeView.init)
        openSubscriptionsBefore = published.openSubscriptionsBefore
    }
}
