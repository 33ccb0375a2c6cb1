import ArgumentParser
import Membership
import MembershipService

extension TrialCommand {
    struct Domains: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "domains", abstract: "Domains for throwaway addresses, from which there is no trial.",
            discussion: """
                A domain stands for all that are part of it. The list is yours: none comes with the program.

                Example:
                  fortnight trial domains import disposable.txt
                """,
            subcommands: [Add.self, Remove.self, List.self, Import.self])

        struct Add: AsyncCommand {
            static let configuration = CommandConfiguration(
                commandName: "add", abstract: "Put domains on the list.",
                discussion: "Example:\n  fortnight trial domains add mailinator.com")

            @OptionGroup var global: GlobalOptions

            @Argument(help: "The domains.")
            var domains: [String]

            func perform() async throws {
                let parsed = try domains.map(EmailDomain.init(parsing:))
                let added = try await global.services().disposableDomains.add(parsed)
                try global.show(named: Set(parsed).count, added: added)
            }
        }

        struct Remove: AsyncCommand {
            static let configuration = CommandConfiguration(
                commandName: "remove", abstract: "Take domains off the list.",
                discussion: "Example:\n  fortnight trial domains remove mailinator.com")

            @OptionGroup var global: GlobalOptions

            @Argument(help: "The domains.")
            var domains: [String]

            func perform() async throws {
                let parsed = try domains.map(EmailDomain.init(parsing:))
                let removed = try await global.services().disposableDomains.remove(parsed)
                for domain in parsed where !removed.contains(domain) {
                    global.console.note("\(domain) was not on the list.")
                }
                if global.json {
                    try global.console.document(["removed": removed.map(\.name)])
                } else {
                    global.console.line("Domains removed: \(removed.count).")
                }
            }
        }

        struct List: AsyncCommand {
            static let configuration = CommandConfiguration(
                commandName: "list", abstract: "List the domains, in the order of their names.",
                discussion: "Example:\n  fortnight trial domains list")

            @OptionGroup var global: GlobalOptions

            func perform() async throws {
                let entries = try await global.services().disposableDomains.list()
                if global.json {
                    for entry in entries { try global.console.document(DomainView(entry), onOneLine: true) }
                    return
                }
                guard !entries.isEmpty else {
                    global.console.note("There are no domains on the list.")
                    return
                }
                var table = Table("DOMAIN", "SINCE")
                for entry in entries { table.add(entry.domain.name, entry.addedAt.rfc3339) }
                global.console.line(table.text)
            }
        }

        struct Import: AsyncCommand {
            static let configuration = CommandConfiguration(
                commandName: "import", abstract: "Put the domains of a file on the list.",
                discussion: """
                    One domain a line; what stands behind a # is left out. When one line holds no domain, nothing is
                    written. What is on the list already stays.

                    Example:
                      fortnight trial domains import disposable.txt
                    """)

            @OptionGroup var global: GlobalOptions

            @Argument(help: ArgumentHelp("A text file; - is standard input.", valueName: "file"))
            var file: String

            func perform() async throws {
                let result = try await global.services().disposableDomains.importFile(file)
                try global.show(named: result.named, added: result.added)
            }
        }
    }
}

private struct DomainView: Encodable {
    let domain: String
    let addedAt: Timestamp

    init(_ entry: DisposableDomainService.Entry) {
        (domain, addedAt) = (entry.domain.name, entry.addedAt)
    }
}

extension GlobalOptions {
    fileprivate func show(named: Int, added: Int) throws {
        if json {
            try console.document(["named": named, "added": added])
        } else {
            console.line("Domains added: \(added); on the list already: \(named - added).")
        }
    }
}
