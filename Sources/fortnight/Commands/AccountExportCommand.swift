import ArgumentParser
import Foundation
import Membership
import MembershipService

extension AccountCommand {
    struct Export: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Give everything that is held about a person, as one JSON document.",
            discussion: """
                The keys are described in docs/identity.md. A file is made for this user's eyes alone, and none that is
                there is overwritten.

                Example:
                  fortnight account export ada@example.com --out ada.json
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("A file to make (default: standard output).", valueName: "file"))
        var out: String?

        func perform() async throws {
            let export = try await global.services().accounts.export(AccountReference(parsing: account))
            let view = ExportView(export)
            guard let out else {
                try global.console.document(view)
                return
            }
            try PrivateFile(path: out).create(Console.json(view, onOneLine: false) + "\n")
            if global.json {
                try global.console.document(["account": export.account.id.description, "out": out])
            } else {
                global.console.line("Wrote all that is held about \(export.account.id) to \(out).")
            }
        }
    }
}
