import Foundation
import LibcurlLoader
package import Membership

/// Where mail goes, as an operator writes it.
package enum MailDestination {
    /// Reads `folder:PATH`, `smtp://[user[:password]@]host[:port][/name][?option=value&…]`, `smtps://…` or `nowhere:`.
    /// See docs/messages.md for the options.
    ///
    /// - Parameter timeout: how long one delivery through a server may take.
    /// - Throws: ``MembershipError`` with code `invalid_input` when it is not of these forms, or when libcurl is needed
    ///   and not to be had. What was given is not repeated, because it may hold a password.
    package static func transport(
        parsing text: String, timeout: TimeSpan
    ) throws(MembershipError) -> any MailTransport {
        if text == "nowhere:" { return NowhereTransport() }
        if text.hasPrefix("folder:") {
            let path = String(text.dropFirst("folder:".count))
            guard !path.isEmpty, !path.unicodeScalars.contains(where: PlainText.isControl) else {
                throw refused("has no path of a folder")
            }
            // The next process may be started elsewhere.
            let isAbsolute = path.hasPrefix("/")
            return FolderTransport(folder: isAbsolute ? path : FileManager.default.currentDirectoryPath + "/" + path)
        }
        guard text.hasPrefix("smtp://") || text.hasPrefix("smtps://") else { throw refused("is of no known kind") }
        let server = try SMTPServer(parsing: text, timeout: timeout)
        if let problem = fortnight_load_libcurl() {
            throw MembershipError(
                .invalidInput,
                "Mail through a server needs libcurl, which is not to be had: \(String(cString: problem)).",
                remedy: "Install it: apt install libcurl4.")
        }
        return SMTPTransport(server: server)
    }

    /// The destination is not named, because a password may be in it.
    static func refused(_ flaw: String) -> MembershipError {
        MembershipError(
            .invalidInput, "The destination of mail \(flaw).",
            remedy: "Write folder:PATH, smtp://user:password@host:port?tls=required, smtps://… or nowhere:; "
                + "in a password, write each of % / ? # @ : as its percent code.")
    }
}
