import Membership
import MembershipMail

/// Everything that letters are written and sent with: templates, sender and the way out. It is made when it is needed,
/// so that what is wrong with it is said before a message is touched.
struct Mailroom: Sendable {
    let site: Site
    private let templates: MailTemplates
    private let sender: Mailbox?
    private let transport: (any MailTransport)?

    /// - Throws: ``MembershipError`` with code `invalid_input`, `invalid_email`, `unreadable_file` or `invalid_template`.
    init(_ options: Services.MailOptions, delivers: Bool) throws(MembershipError) {
        if let text = options.sender { sender = try Mailbox(parsing: text) } else { sender = nil }
        site = Site(
            name: options.siteName ?? sender?.name ?? sender.map { Mailroom.host(of: $0) } ?? "Fortnight",
            url: options.siteURL)
        templates = try MailTemplates(directory: options.templates)
        guard delivers, let destination = options.destination else {
            transport = nil
            return
        }
        guard sender != nil else {
            throw MembershipError(
                .invalidInput, "Messages cannot be delivered: it is not said whom they are from.",
                remedy: "Set FORTNIGHT_MAIL_FROM to Name <name@example.com>.")
        }
        transport = try MailDestination.transport(parsing: destination, timeout: options.timeout)
    }

    /// A letter in words.
    func render(_ facts: LetterFacts) throws(MembershipError) -> RenderedMail {
        try templates.render(facts.letter(site: site))
    }

    /// Writes and sends a letter.
    ///
    /// - Parameter databaseMark: tells this database's messages from those of others.
    /// - Returns: the file it went to; nil when it went to a server.
    func deliver(_ facts: LetterFacts, databaseMark: String) async throws(MailFailure) -> String? {
        guard let transport, let sender else { return nil }
        guard let address = try? EmailAddress(parsing: facts.account.email) else {
            throw MailFailure(.permanent, text: "The reader's address is not one that mail can be sent to.")
        }
        let words: RenderedMail
        do {
            words = try render(facts)
        } catch {
            throw MailFailure(.temporary, text: error.message)
        }
        return try await transport.deliver(
            Mail(
                messageID: Mailroom.messageID(facts.message.reference, databaseMark, sender),
                date: facts.message.createdAt, from: sender, to: Mailbox(name: facts.account.name, address: address),
                subject: words.subject, text: words.text, html: words.html))
    }

    /// The file that a letter will go to; nil when there will be none.
    func place(of reference: MessageReference, databaseMark: String) -> String? {
        guard let transport, let sender else { return nil }
        return transport.place(of: Mailroom.messageID(reference, databaseMark, sender))
    }

    /// The same for ever, so that a reader's program shows a letter once that was sent twice.
    static func messageID(_ reference: MessageReference, _ databaseMark: String, _ sender: Mailbox) -> String {
        "\(reference.account).\(reference.sequence).\(databaseMark)@\(host(of: sender))"
    }

    private static func host(of sender: Mailbox) -> String {
        String(sender.address.split(separator: "@").last ?? "localhost")
    }
}
