import ArgumentParser
import Membership
import MembershipService

struct SubscriptionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscription", abstract: "What an account has agreed to, through all its states.",
        discussion: """
            States: trialing, active, past_due, paused, canceled, expired. docs/lifecycle.md has every transition. \
            Every command first does what the clock has done meanwhile.

            Example:
              fortnight subscription show ada@example.com
            """,
        subcommands: [
            Show.self, Start.self, Activate.self, Renew.self, Cancel.self, Resume.self, Pause.self, ChangePlan.self,
        ])

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the newest subscription of an account as it is now.",
            discussion: """
                Example:
                  fortnight subscription show ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.show(AccountReference(parsing: account))
            try await global.show(subscription, at: services.clock.read().now)
        }
    }

    struct Start: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Begin a subscription; its first period begins now.",
            discussion: """
                Without a payment it is past due from the start, with access through the grace days of its plan.

                Example:
                  fortnight subscription start ada@example.com --plan membership --amount 9.99 --currency EUR --reference INV-17
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("The plan (default: membership).", valueName: "name"))
        var plan = "membership"

        @Option(help: ArgumentHelp("What was paid for it.", valueName: "amount"))
        var amount: String?

        @Option(help: ArgumentHelp("In which currency, by its ISO 4217 code.", valueName: "code"))
        var currency: String?

        @Option(help: ArgumentHelp("What the bank or the shop knows the payment by.", valueName: "reference"))
        var reference: String?

        @Option(
            name: .customLong("for"),
            help: ArgumentHelp("How many periods it pays for (default: 1).", valueName: "periods"))
        var periods: Int?

        @Flag(help: "Take an amount other than the plan's price.")
        var anyAmount = false

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String?

        func validate() throws {
            let given = [amount, currency, reference].compactMap(\.self).count
            guard given == 3 || given == 0 && periods == nil && !anyAmount else {
                throw ValidationError("A payment needs --amount, --currency and --reference.")
            }
        }

        func perform() async throws {
            var payment: NewPayment?
            if let amount, let currency, let reference {
                payment = try NewPayment(
                    amount: Money(parsing: amount, currency: Currency(parsing: currency)), reference: reference,
                    periods: periods ?? 1, takesAnyAmount: anyAmount)
            }
            let services = try await global.services()
            let receipt = try await services.subscriptions.start(
                AccountReference(parsing: account), plan: Slug(parsing: plan), payment: payment, reason: reason)
            try await global.show(
                receipt.subscription, at: services.clock.read().now,
                receipt.wasKnown ? "It had been started with this payment before. Nothing was done." : "Started.")
        }
    }

    struct Activate: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "activate", abstract: "Settle the current period without a payment.",
            discussion: """
                A trial ends with it, and its first period begins. Say why: it is a period that nobody paid for.

                Example:
                  fortnight subscription activate ada@example.com --reason "Paid in cash at the fair"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String

        @Option(help: EditOptions.revisionHelp)
        var revision: Int?

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.activate(
                AccountReference(parsing: account), .init(reason: reason, revision: revision))
            try await global.show(subscription, at: services.clock.read().now, "Activated.")
        }
    }

    struct Renew: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "Do for one subscription what the jobs do for all: whatever is due.",
            discussion: """
                Refused when nothing is due.

                Example:
                  fortnight subscription renew ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.renew(AccountReference(parsing: account), edit.edit())
            try await global.show(
                subscription, at: services.clock.read().now,
                subscription.status == .active
                    ? "Renewed." : "Recorded what time has done: \(subscription.status.rawValue).")
        }
    }

    struct Cancel: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Cancel a subscription.",
            discussion: """
                Access stays to the end of what was paid for or promised, unless --now is given.

                Example:
                  fortnight subscription cancel ada@example.com --reason "Moving abroad"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Flag(help: "End it and its access at once.")
        var now = false

        @Flag(help: "End it with what was paid for or promised; this is what happens without --now too.")
        var atPeriodEnd = false

        @OptionGroup var edit: EditOptions

        func validate() throws {
            guard !now || !atPeriodEnd else { throw ValidationError("Give --now or --at-period-end, not both.") }
        }

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.cancel(
                AccountReference(parsing: account), now: now, edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Cancelled.")
        }
    }

    struct Resume: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Let a paused subscription go on, or take a cancellation back.",
            discussion: """
                What was left of the period when it was paused begins again now.

                Example:
                  fortnight subscription resume ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.resume(AccountReference(parsing: account), edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Resumed.")
        }
    }

    struct Pause: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Let a subscription stand still: no access, and nothing is used up.",
            discussion: """
                Example:
                  fortnight subscription pause ada@example.com --until 2027-01-10T00:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("When it goes on by itself (default: when it is resumed).", valueName: "time"))
        var until: String?

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.pause(
                AccountReference(parsing: account), until: until.map(Timestamp.init(rfc3339:)), edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Paused.")
        }
    }

    struct ChangePlan: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "change-plan", abstract: "Change to the newest version of a plan.",
            discussion: """
                At the renewal it takes effect with the first period that is not paid for. Now, the current period stays \
                as long as it is, and what it gives changes at once.

                Example:
                  fortnight subscription change-plan ada@example.com archive --at-renewal
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "The plan to change to.")
        var plan: String

        @Flag(help: "Change what the current period gives.")
        var now = false

        @Flag(help: "Change with the first period that is not paid for; this is what happens without --now too.")
        var atRenewal = false

        @OptionGroup var edit: EditOptions

        func validate() throws {
            guard !now || !atRenewal else { throw ValidationError("Give --now or --at-renewal, not both.") }
        }

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.subscriptions.changePlan(
                AccountReference(parsing: account), to: Slug(parsing: plan), now: now, edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Changed.")
        }
    }
}

/// Why a subscription is changed, and which state of it that is meant for.
struct EditOptions: ParsableArguments {
    static let revisionHelp = ArgumentHelp(
        "Only if it is still at this revision, as subscription show printed it.", valueName: "n")

    @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
    var reason: String?

    @Option(help: EditOptions.revisionHelp)
    var revision: Int?

    func edit() throws -> SubscriptionService.Edit { try .init(reason: reason, revision: revision) }
}
