import LibcurlLoader
import Membership

/// One conversation with a server: hands out the mail, and remembers how far it came and what the server said last.
///
/// Used by one thread, which is the one that libcurl runs on.
final class SMTPConversation {
    /// What was last asked of the server, in the order of a conversation.
    enum Step: String {
        /// Nothing: it was to greet us.
        case greeting
        case hello = "EHLO"
        case encryption = "STARTTLS"
        case login = "AUTH"
        case sender = "MAIL"
        case recipient = "RCPT"
        case message = "DATA"
    }

    private let mail: [UInt8]
    private let fromNeedsSMTPUTF8: Bool
    private let toNeedsSMTPUTF8: Bool
    private var sent = 0
    private var step = Step.greeting
    /// Whether we have said goodbye; what follows tells nothing of the mail.
    private var isOver = false
    private var offersSMTPUTF8 = false
    /// The number of the last reply, and what RFC 3463 adds to it.
    private var reply: (code: Int, detail: String?)?

    init(_ mail: [UInt8], fromNeedsSMTPUTF8: Bool, toNeedsSMTPUTF8: Bool) {
        self.mail = mail
        self.fromNeedsSMTPUTF8 = fromNeedsSMTPUTF8
        self.toNeedsSMTPUTF8 = toNeedsSMTPUTF8
    }

    /// In bytes.
    var size: Int { mail.count }

    /// Fills the buffer with the next bytes of the mail. The server has agreed to take it by now.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        // libcurl sends the address as it is to a server that cannot know what it means.
        if lacksSMTPUTF8 { return FORTNIGHT_CURL_READ_ABORT }
        let count = min(buffer.count, mail.count - sent)
        buffer.copyBytes(from: mail[sent..<sent + count])
        sent += count
        return count
    }

    /// Listens to what is said. Passwords go by here too: of what we say, only the verb is kept.
    func hear(_ text: UnsafeRawBufferPointer, kind: Int) {
        for line in isOver ? [] : String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            switch kind {
            case FORTNIGHT_CURL_COMMAND: hearCommand(line)
            case FORTNIGHT_CURL_REPLY: hearReply(line)
            default: break
            }
        }
    }

    private func hearCommand(_ line: Substring) {
        let verb = line.prefix { $0 != " " }.uppercased()
        if verb == "QUIT" { isOver = true }
        guard let next = Step(rawValue: verb) else { return }
        step = next
        if next == .hello { offersSMTPUTF8 = false }
        reply = nil
    }

    private func hearReply(_ line: Substring) {
        guard let code = Int(line.prefix(3)), (200...599).contains(code) else { return }
        let words = line.dropFirst(4).split(separator: " ")
        if step == .hello, words.first?.uppercased() == "SMTPUTF8" { offersSMTPUTF8 = true }
        let detail = words.first.flatMap { word in
            let numbers = word.split(separator: ".", omittingEmptySubsequences: false)
            let isDetail = numbers.count == 3 && numbers.allSatisfy { (1...3).contains($0.count) && Int($0) != nil }
            return isDetail ? String(word) : nil
        }
        reply = (code, detail)
    }

    private var lacksSMTPUTF8: Bool {
        (fromNeedsSMTPUTF8 || toNeedsSMTPUTF8) && !offersSMTPUTF8 && [.sender, .recipient, .message].contains(step)
    }

    /// Why the transfer ended with this code of libcurl's. What the server said is not repeated beyond its numbers,
    /// because servers like to quote the address.
    func failure(_ code: Int, libcurl words: String, timeout: TimeSpan) -> MailFailure {
        if lacksSMTPUTF8, fromNeedsSMTPUTF8 {
            // Every mail has it: that is the operator's to settle.
            return .outage(
                "The sender's address has letters that are not ASCII, and the server does not know SMTPUTF8.")
        }
        if lacksSMTPUTF8 {
            return .permanent("The address has letters that are not ASCII, and the server does not know SMTPUTF8.")
        }
        if let reply, reply.code >= 400 {
            let numbers = "\(reply.code)" + (reply.detail.map { " " + $0 } ?? "")
            return MailFailure(kind(of: reply.code), text: "The server refused \(object): \(numbers).")
        }
        switch code {
        case FORTNIGHT_CURL_OPERATION_TIMEDOUT:
            return broken("The server did not answer within \(Double(timeout.milliseconds) / 1000) seconds.")
        case FORTNIGHT_CURL_USE_SSL_FAILED:
            return .outage("The server does not offer STARTTLS, and an unprotected connection is not allowed.")
        case FORTNIGHT_CURL_LOGIN_DENIED:
            return .outage("The server does not accept the login.")
        default:
            let after = sent == mail.count ? " after it was given the mail, which may have arrived" : ""
            return broken("The connection to the server failed\(after): \(words).")
        }
    }

    /// A conversation that ended without an answer. Once the server has heard of the recipient, the mail may be the
    /// reason.
    private func broken(_ text: String) -> MailFailure {
        switch step {
        case .greeting, .hello, .encryption, .login, .sender: .outage(text)
        case .recipient, .message: .temporary(text)
        }
    }

    /// A refusal of this recipient or this mail will not change. Anything else is between the operator and the server,
    /// and mail that waits goes out when it is settled.
    private func kind(of code: Int) -> MailFailure.Kind {
        switch step {
        // With 421 a server closes the conversation. Once it has heard of the recipient, that may be why: she would
        // keep the others from theirs for ever.
        case .recipient, .message: code >= 500 ? .permanent : .temporary
        // Of what stands in MAIL, only the size is this mail's own.
        case .sender: code == 552 ? .permanent : .outage
        case .greeting, .hello, .encryption, .login: .outage
        }
    }

    private var object: String {
        switch step {
        case .greeting: "the connection"
        case .hello: "our greeting"
        case .encryption: "to encrypt"
        case .login: "the login"
        case .sender: "the sender"
        case .recipient: "the recipient"
        case .message: "the mail"
        }
    }
}
