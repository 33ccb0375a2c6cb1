import ArgumentParser
import Membership
import MembershipService

struct TrialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trial", abstract: "The one trial of a person.",
        discussion: "Example:\n  fortnight trial start ada@example.com",
        subcommands: [
            Start.self, Extend.self, End.self, Convert.self, Eligibility.self, Domains.self,
        ])

    struct Start: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Start the trial of an account that was made without it.",
            discussion: """
                Example:
                  fortnight trial start ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(
            help: ArgumentHelp(
                "What the app knows the device by: a device has the free days once too.", valueName: "id"))
        var device: String?

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String?

        func perform() async throws {
            let reference = try AccountReference(parsing: account)
            let subscription = try await global.services().trials.start(
                reference, device: device.map(DeviceID.init(parsing:)), reason: reason)
            if global.json {
                try global.console.document(SubscriptionView(subscription, at: subscription.createdAt))
            } else {
                global.console.line("The trial of \(reference) runs until \(subscription.trialEnd?.rfc3339 ?? "").")
            }
        }
    }

    struct Extend: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "extend", abstract: "Make a running trial longer, each day exactly 24 hours.",
            discussion: """
                Example:
                  fortnight trial extend ada@example.com 7 --reason "Was ill for a week"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "How many days longer, 1 to 365.")
        var days: Int

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.trials.extend(
                AccountReference(parsing: account), byDays: days, edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Extended.")
        }
    }

    struct End: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "end", abstract: "End a running trial now.",
            discussion: """
                A period that is paid for begins at once; so does one that was agreed to with trial convert.

                Example:
                  fortnight trial end ada@example.com --reason "Asked for it"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.trials.end(AccountReference(parsing: account), edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Ended.")
        }
    }

    struct Convert: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "convert", abstract: "Let the first period follow the trial: when it ends, or now.",
            discussion: """
                If nobody has paid by then, the period begins past due, with access through the grace days of the plan.

                Example:
                  fortnight trial convert ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Flag(help: "End the trial, and begin the first period at once.")
        var now = false

        @OptionGroup var edit: EditOptions

        func perform() async throws {
            let services = try await global.services()
            let subscription = try await services.trials.convert(
                AccountReference(parsing: account), now: now, edit.edit())
            try await global.show(subscription, at: services.clock.read().now, "Converted.")
        }
    }
}
