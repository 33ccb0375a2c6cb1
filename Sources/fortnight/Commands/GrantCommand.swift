import ArgumentParser
import Membership
import MembershipService

struct GrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Rights that are given by hand, beside those of a subscription.",
        discussion: """
            Example:
              fortnight grant add ada@example.com title:golem --source complimentary --reason "Writes for golem"
            """,
        subcommands: [Add.self, Void.self, List.self])

    struct Add: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Give an account a right.",
            discussion: """
                Example:
                  fortnight grant add ada@example.com all-titles --source gift --until 2027-01-01T00:00:00Z --reason "Won it"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "The right: all-titles, title:SLUG, or another that a plan gives.")
        var entitlement: String

        @Option(help: ArgumentHelp("From when (default: now).", valueName: "time"))
        var from: String?

        @Option(help: ArgumentHelp("Until when, exclusive (default: for ever).", valueName: "time"))
        var until: String?

        @Option(help: ArgumentHelp("complimentary, gift, group or purchase.", valueName: "source"))
        var source: String

        @Option(help: ArgumentHelp("Why; it is kept.", valueName: "text"))
        var reason: String

        func perform() async throws {
            guard let source = Grant.Source(rawValue: source) else {
                throw MembershipError(
                    .invalidInput, "‘\(source)’ is not a source of a grant.",
                    remedy: "Give complimentary, gift, group or purchase.")
            }
            let services = try await global.services()
            let entitlement = try Entitlement(parsing: entitlement)
            let grant = try await services.grants.add(
                AccountReference(parsing: account),
                .init(
                    entitlement: entitlement, source: source, from: from.map(Timestamp.init(rfc3339:)),
                    until: until.map(Timestamp.init(rfc3339:)), reason: reason))
            try await global.show(grant, at: services.clock.read().now)
            if try await !services.grants.opensAnything(entitlement) {
                global.console.note("No rule asks for ‘\(entitlement.name)’: it opens nothing until one does.")
            }
        }
    }

    struct Void: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "void", abstract: "Note that a right given by hand was not one.",
            discussion: """
                It is kept, with the time at which it was voided. To shorten one, void it and add another.

                Example:
                  fortnight grant void ada@example.com grant_3g0000000000a --reason "Wrong person"
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "The grant's id, as grant list shows it.")
        var grant: String

        @Option(help: ArgumentHelp("Why; it is kept with the event.", valueName: "text"))
        var reason: String

        func perform() async throws {
            guard let id = Identifier<Grant>(grant) else {
                throw MembershipError(
                    .invalidInput, "‘\(grant)’ is not the id of a grant.",
                    remedy: "fortnight grant list \(account) shows them.")
            }
            let services = try await global.services()
            let voided = try await services.grants.void(AccountReference(parsing: account), grant: id, reason: reason)
            try await global.show(voided, at: services.clock.read().now)
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List an account's grants, oldest first.",
            discussion: """
                Example:
                  fortnight grant list ada@example.com --at 2026-05-03T00:00:00Z --known-at 2026-05-03T00:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Option(help: ArgumentHelp("Only those that hold at this time (default: all).", valueName: "time"))
        var at: String?

        @Option(help: ArgumentHelp("As they were known then (default: now).", valueName: "time"))
        var knownAt: String?

        func perform() async throws {
            let services = try await global.services()
            let (moment, known) = (
                try at.map(Timestamp.init(rfc3339:)), try knownAt.map(Timestamp.init(rfc3339:))
            )
            let grants = try await services.grants.list(
                AccountReference(parsing: account), at: moment, knownAt: known)
            if global.json {
                let now = try await services.clock.read().now
                for grant in grants {
                    try global.console.document(GrantView(grant, at: moment ?? known ?? now), onOneLine: true)
                }
                return
            }
            guard !grants.isEmpty else {
                global.console.note("There are no such grants.")
                return
            }
            var table = Table("GRANT", "ENTITLEMENT", "SOURCE", "FROM", "UNTIL", "RECORDED", "VOIDED", "REASON")
            for grant in grants {
                table.add(
                    grant.id.description, grant.entitlement.name, grant.source.rawValue,
                    grant.interval.startsAt.rfc3339, grant.interval.endsAt?.rfc3339 ?? "for ever",
                    grant.recordedAt.rfc3339, grant.voidedAt?.rfc3339 ?? "-", grant.reason ?? "")
            }
            global.console.line(table.text)
        }
    }
}

extension GlobalOptions {
    fileprivate func show(_ grant: Grant, at moment: Timestamp) throws {
        if json {
            try console.document(GrantView(grant, at: moment))
        } else {
            console.line(grant.sentence(at: moment))
        }
    }
}
