import LibcurlLoader
import Membership

/// Delivers mail to a server by SMTP, through libcurl: a connection for each.
struct SMTPTransport: MailTransport {
    let server: SMTPServer

    func deliver(_ mail: Mail) async throws(MailFailure) -> String? {
        try await MailThread.run { [server] () throws(MailFailure) in
            try SMTPTransport.send(mail, to: server)
        }
        return nil
    }

    func place(of messageID: String) -> String? { nil }

    private static func send(_ mail: Mail, to server: SMTPServer) throws(MailFailure) {
        guard let curl = fortnight_curl_open() else { throw MailFailure.outage("libcurl has no memory.") }
        let problem = UnsafeMutablePointer<CChar>.allocate(capacity: FORTNIGHT_CURL_ERROR_SIZE)
        problem.initialize(repeating: 0, count: FORTNIGHT_CURL_ERROR_SIZE)
        let conversation = SMTPConversation(
            mail.rfc5322(), fromNeedsSMTPUTF8: mail.from.needsSMTPUTF8, toNeedsSMTPUTF8: mail.to.needsSMTPUTF8)
        // Closing says goodbye to the server, which the conversation hears too.
        defer {
            withExtendedLifetime(conversation) { fortnight_curl_close(curl) }
            problem.deallocate()
        }
        fortnight_curl_set_error_buffer(curl, problem)
        try address(curl, server, from: mail.from.address)
        protect(curl, server)
        limit(curl, server.timeout)
        listen(curl, conversation)
        let code = Int(fortnight_curl_send(curl, mail.to.address))
        if code != FORTNIGHT_CURL_OK {
            throw conversation.failure(code, libcurl: words(problem, code), timeout: server.timeout)
        }
    }

    private static func address(
        _ curl: UnsafeMutableRawPointer, _ server: SMTPServer, from: String
    ) throws(MailFailure) {
        var texts = [
            (FORTNIGHT_CURL_URL, server.url),
            (FORTNIGHT_CURL_MAIL_FROM, from),
            // A proxy that the environment names is for the web.
            (FORTNIGHT_CURL_PROXY, ""),
        ]
        if let user = server.user {
            texts += [(FORTNIGHT_CURL_USERNAME, user), (FORTNIGHT_CURL_PASSWORD, server.password ?? "")]
        }
        if let certificates = server.certificates { texts.append((FORTNIGHT_CURL_CAINFO, certificates)) }
        for (option, text) in texts where fortnight_curl_set_text(curl, option, text) != 0 {
            throw MailFailure.outage("libcurl does not take its settings.")
        }
        // The system's directory of certificates would be trusted beside a file of one's own.
        if server.certificates != nil { _ = fortnight_curl_set_text(curl, FORTNIGHT_CURL_CAPATH, nil) }
    }

    private static func protect(_ curl: UnsafeMutableRawPointer, _ server: SMTPServer) {
        let level =
            switch server.protection {
            case .required: 3
            case .opportunistic: 1
            case .none: 0
            }
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_USE_SSL, level)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_SSL_VERIFYPEER, server.verifies ? 1 : 0)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_SSL_VERIFYHOST, server.verifies ? 2 : 0)
    }

    private static func limit(_ curl: UnsafeMutableRawPointer, _ timeout: TimeSpan) {
        let milliseconds = Int(clamping: min(timeout.milliseconds, Int64(Int32.max)))
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_TIMEOUT_MS, milliseconds)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_CONNECTTIMEOUT_MS, milliseconds)
        // Saying goodbye is outside of the whole, and would wait for two minutes.
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_SERVER_RESPONSE_TIMEOUT, max(1, milliseconds / 1000))
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_NOSIGNAL, 1)
    }

    /// Lets the conversation hand out the mail and hear what is said. It must outlive the transfer.
    private static func listen(_ curl: UnsafeMutableRawPointer, _ conversation: SMTPConversation) {
        let context = Unmanaged.passUnretained(conversation).toOpaque()
        fortnight_curl_set_reader(
            curl,
            { buffer, size, count, context in
                guard let buffer, let context else { return 0 }
                let room = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
                return Unmanaged<SMTPConversation>.fromOpaque(context).takeUnretainedValue().read(into: room)
            }, context)
        fortnight_curl_set_listener(
            curl,
            { _, kind, text, size, context in
                guard let text, let context else { return 0 }
                let bytes = UnsafeRawBufferPointer(start: text, count: size)
                Unmanaged<SMTPConversation>.fromOpaque(context).takeUnretainedValue().hear(bytes, kind: Int(kind))
                return 0
            }, context)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_VERBOSE, 1)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_UPLOAD, 1)
        fortnight_curl_set_number(curl, FORTNIGHT_CURL_INFILESIZE, conversation.size)
    }

    /// What libcurl says of a failure. An address that it might quote would end up in a log.
    private static func words(_ problem: UnsafePointer<CChar>, _ code: Int) -> String {
        let text = String(cString: problem)
        return text.isEmpty || text.contains("@") ? String(cString: fortnight_curl_meaning(Int32(code))) : text
    }
}
