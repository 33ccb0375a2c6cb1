import ArgumentParser
import Membership
import MembershipService

extension AccountCommand {
    struct ChangeEmail: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "change-email", abstract: "Give an account another address.",
            discussion: """
                If the person has had a trial, the new address has had it too, and so has the old one, which anybody can
                sign up with again. Another spelling of the same address changes only what is shown.

                Example:
                  fortnight account change-email ada@example.com ada@example.org
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "The new address.")
        var email: String

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String?

        func perform() async throws {
            let change = try await global.services().accounts.changeEmail(
                AccountReference(parsing: account), to: EmailAddress(parsing: email), reason: reason)
            switch change.extent {
            case .address: break
            case .spelling: global.console.note("It is another spelling of the same address.")
            case .nothing: global.console.note("Nothing was changed: that is the address.")
            }
            try global.show(change.overview)
        }
    }
}
