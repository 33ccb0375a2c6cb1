import ArgumentParser
import Membership
import MembershipService

struct OutboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Messages to readers: which there are, what they say, and trying again.",
        discussion: "Example:\n  fortnight outbox list --dead", subcommands: [List.self, Show.self, Retry.self])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List messages, in the order of accounts and events.",
            discussion: """
                Example:
                  fortnight outbox list --due --limit 20
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Only those in this state; without one, all.")
        var state: MessageState?

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 100

        @Option(help: ArgumentHelp("Where the next page begins: the last message of the page before.", valueName: "id"))
        var after: String?

        func perform() async throws {
            let outbox = try await global.services().outbox
            let page = try await outbox.list(
                state?.state, after: after.map { try MessageReference(parsing: $0) }, limit: PageLimit(limit))
            if global.json {
                for message in page.messages { try global.console.document(MessageView(message), onOneLine: true) }
            } else if page.messages.isEmpty {
                global.console.note("There is no such message.")
            } else {
                var table = Table("ID", "MESSAGE", "STATE", "SINCE", "FAILED", "WHAT WENT WRONG, OR WHERE IT WENT")
                for message in page.messages {
                    table.add(
                        message.reference.description, message.message.rawValue, message.state.rawValue,
                        message.since.rfc3339, String(message.attempts),
                        message.state == .delivered
                            ? message.place(delivers: outbox.delivers) : message.lastError ?? "")
                }
                global.console.line(table.text)
            }
            if let next = page.next { global.console.note("There are more: --after '\(next)'") }
        }
    }

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what has become of a message, and its words as they would leave now.",
            discussion: """
                Example:
                  fortnight outbox show 'acct_01hzy3k2m4n5p#3'
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The message, as fortnight outbox list names it.")
        var id: String

        func perform() async throws {
            let outbox = try await global.servicesForDelivery().outbox
            let letter = try await outbox.show(MessageReference(parsing: id))
            if global.json {
                try global.console.document(LetterView(letter))
                return
            }
            let message = letter.message
            var table = Table()
            table.add("message", "\(message.reference), \(message.message.rawValue)")
            table.add("state", "\(message.state.rawValue) since \(message.since)")
            if message.attempts > 0 { table.add("failed", "\(message.attempts) times in a row") }
            if let error = message.lastError { table.add("last error", error) }
            if message.state == .delivered { table.add("went to", message.place(delivers: outbox.delivers)) }
            table.add("to", letter.recipient ?? "nobody: the account has no address any more")
            table.add("subject", letter.subject)
            global.console.line(table.text)
            global.console.line()
            global.console.line(letter.text)
        }
    }

    struct Retry: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Make a message due now, or all that were given up.",
            discussion: """
                The job outbox-delivery delivers it with its next run.

                Example:
                  fortnight outbox retry --all-dead
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The message, as fortnight outbox list names it.")
        var id: String?

        @Flag(help: "Every message that was given up.")
        var allDead = false

        func validate() throws {
            guard (id == nil) == allDead else { throw ValidationError("Name a message, or give --all-dead.") }
        }

        func perform() async throws {
            let outbox = try await global.services().outbox
            guard let id else {
                let count = try await outbox.retryAllDead()
                if global.json {
                    try global.console.document(["retried": count])
                } else {
                    global.console.line("\(count) made due.")
                }
                return
            }
            let message = try await outbox.retry(MessageReference(parsing: id))
            if global.json {
                try global.console.document(MessageView(message))
            } else {
                global.console.line("\(message.reference) is due now.")
            }
        }
    }
}

enum MessageState: EnumerableFlag {
    case due
    case delivered
    case dead

    var state: OutboxMessage.State {
        switch self {
        case .due: .due
        case .delivered: .delivered
        case .dead: .dead
        }
    }

    static func help(for value: MessageState) -> ArgumentHelp? {
        switch value {
        case .due: "Those to be delivered, now or when they are tried again."
        case .delivered: "Those that left."
        case .dead: "Those that were given up."
        }
    }
}

extension OutboxMessage {
    /// From when it is in its state, or is tried again.
    fileprivate var since: Timestamp { deliveredAt ?? deadAt ?? dueAt ?? createdAt }

    fileprivate func place(delivers: Bool) -> String {
        destination ?? (isErased ? "unknown: the account was erased" : delivers ? "a server" : "nowhere")
    }
}

private struct MessageView: Encodable {
    let id: String
    let account: String
    let event: Int64
    let message: String
    let state: String
    let createdAt: Timestamp
    let attempts: Int
    @ExplicitNull var dueAt: Timestamp?
    @ExplicitNull var leasedUntil: Timestamp?
    @ExplicitNull var lastError: String?
    @ExplicitNull var deliveredAt: Timestamp?
    @ExplicitNull var deadAt: Timestamp?
    @ExplicitNull var destination: String?

    init(_ message: OutboxMessage) {
        id = message.reference.description
        account = message.reference.account.description
        event = message.reference.sequence
        self.message = message.message.rawValue
        state = message.state.rawValue
        createdAt = message.createdAt
        attempts = message.attempts
        dueAt = message.dueAt
        leasedUntil = message.leasedUntil
        lastError = message.lastError
        deliveredAt = message.deliveredAt
        deadAt = message.deadAt
        destination = message.destination
    }
}

private struct LetterView: Encodable {
    let message: MessageView
    @ExplicitNull var to: String?
    let subject: String
    let text: String
    let html: String

    init(_ letter: OutboxService.Letter) {
        message = MessageView(letter.message)
        to = letter.recipient
        subject = letter.subject
        text = letter.text
        html = letter.html
    }
}
