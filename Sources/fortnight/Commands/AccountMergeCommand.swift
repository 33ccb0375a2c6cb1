import ArgumentParser
import Membership
import MembershipService

extension AccountCommand {
    struct Merge: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "merge", abstract: "Make one account of two that belong to one person.",
            discussion: """
                The first becomes part of the second: its addresses lead there, and what was given to it or paid for goes
                there. Its payments stay recorded where they are. It cannot be undone.

                Example:
                  fortnight account merge ada@work.example ada@example.com --reason "Signed up twice"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: ArgumentHelp("The address or id of the account that goes.", valueName: "from"))
        var from: String

        @Argument(help: ArgumentHelp("The address or id of the account that stays.", valueName: "into"))
        var into: String

        @Option(help: ArgumentHelp("Why; it is kept with the events.", valueName: "text"))
        var reason: String

        func perform() async throws {
            let merge = try await global.services().accounts.merge(
                AccountReference(parsing: from), into: AccountReference(parsing: into), reason: reason)
            if !global.json {
                let subscription =
                    switch merge.subscription {
                    case .none: "It had no subscription."
                    case .moved: "Its subscription has moved."
                    case .ended: "Its subscription has ended; what was left of it was given."
                    }
                global.console.line(
                    "\(merge.merged) has become part of \(merge.overview.account.id). \(subscription) "
                        + "Grants given: \(merge.grants.count).")
            }
            try global.show(merge.overview)
        }
    }
}
