import ArgumentParser
import Foundation
import Membership
import MembershipService

extension AccountCommand {
    struct Erase: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "erase", abstract: "Remove everything that names a person.",
            discussion: """
                Addresses, name, reasons and payment references go, from accounts that were merged into it too, and so do
                the letters in folders. Numbers, times and amounts stay, and the hash in the trial ledger, so that there
                is no second trial. It cannot be undone; docs/identity.md says what is left in backups.

                Example:
                  fortnight account erase ada@example.com --reason "Asked for it" --yes
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Why; only a digest of it is kept.", valueName: "text"))
        var reason: String

        @Flag(help: "Do not ask.")
        var yes = false

        func perform() async throws {
            let reference = try AccountReference(parsing: account)
            let services = try await global.services()
            if !yes { try await askToBeSure(reference, services) }
            let erasure = try await services.accounts.erase(reference, reason: reason)
            switch erasure.isLogCleared {
            case true?: break
            case false?:
                global.console.note(
                    "The database's log could not be cleared, because others were reading. Run the command again with "
                        + "\(erasure.accounts[0]): it clears the log, and says that the account was erased.")
            case nil:
                global.console.note(
                    "The server still holds old versions of the rows until VACUUM has passed, and what was written in its "
                        + "log, archives and replicas for as long as they are kept; see docs/identity.md.")
            }
            if global.json {
                try global.console.document(ErasureView(erasure))
                return
            }
            let others = erasure.accounts.count - 1
            global.console.line(
                "Erased \(erasure.accounts[0])"
                    + (others > 0 ? ", and \(others) merged into it" : "")
                    + ". Letters removed from folders: \(erasure.lettersRemoved).")
        }

        private func askToBeSure(_ reference: AccountReference, _ services: Services) async throws {
            guard isatty(STDIN_FILENO) == 1 else {
                throw MembershipError(
                    .invalidInput, "‘\(reference)’ is not erased without an answer, and there is no terminal to ask.",
                    remedy: "Give --yes.")
            }
            let account = try await services.accounts.overview(reference).account
            global.console.note("Erase \(account.label) (\(account.id))? It cannot be undone. Type yes:")
            guard readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes" else {
                global.console.note("Nothing was erased.")
                throw ExitCode(ExitStatus.denied)
            }
        }
    }
}

private struct ErasureView: Encodable {
    let account: String
    let merged: [String]
    let erasedAt: Timestamp
    let lettersRemoved: Int
    @ExplicitNull var logCleared: Bool?

    init(_ erasure: AccountService.Erasure) {
        account = erasure.accounts[0].description
        merged = erasure.accounts.dropFirst().map(\.description)
        erasedAt = erasure.erasedAt
        lettersRemoved = erasure.lettersRemoved
        logCleared = erasure.isLogCleared
    }
}
