import ArgumentParser
import Membership
import MembershipService

struct ClockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock", abstract: "The time of the database; a sandbox's can be moved.",
        discussion: "Example:\n  fortnight clock advance 14d",
        subcommands: [Show.self, Set.self, Advance.self])

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what time it is.",
            discussion: """
                Example:
                  fortnight clock show
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            try render(await global.services().clock.read(), global)
        }
    }

    struct Set: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Move a sandbox's clock forward to a moment.",
            discussion: """
                Example:
                  fortnight clock set 2026-05-03T10:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "RFC 3339 with its zone.")
        var time: String

        func perform() async throws {
            let moment = try Timestamp(rfc3339: time)
            try render(await global.services().clock.set(to: moment), global)
        }
    }

    struct Advance: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "advance", abstract: "Move a sandbox's clock forward by a length of time.",
            discussion: """
                Example:
                  fortnight clock advance 14d
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Days, hours, minutes or seconds: 14d, 36h, 90m, 1d12h.")
        var duration: String

        func perform() async throws {
            let span = try TimeSpan(parsing: duration)
            try render(await global.services().clock.advance(by: span), global)
        }
    }
}

private func render(_ reading: ClockService.Reading, _ global: GlobalOptions) throws {
    if global.json {
        try global.console.document(ClockView(now: reading.now, sandbox: reading.isSandbox))
    } else {
        global.console.line("\(reading.now) (\(reading.isSandbox ? "sandbox" : "live"))")
    }
}

private struct ClockView: Encodable {
    let now: Timestamp
    let sandbox: Bool
}
