import Foundation
import Membership

/// A mail server and how to speak with it.
struct SMTPServer: Sendable {
    /// Whether the conversation is encrypted.
    enum Protection: String, CaseIterable {
        /// With STARTTLS, or not at all.
        case required
        /// With STARTTLS when the server offers it.
        case opportunistic
        /// Never.
        case none
    }

    /// For libcurl: scheme, host, port, and the name that we greet with, but no password.
    let url: String
    let user: String?
    let password: String?
    let protection: Protection
    /// Whether the server must prove by a certificate that it is the one named.
    let verifies: Bool
    /// A file of certificates to trust in place of the system's.
    let certificates: String?
    let timeout: TimeSpan

    /// - Throws: ``MembershipError`` with code `invalid_input`.
    init(parsing text: String, timeout: TimeSpan) throws(MembershipError) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false), let scheme = parts.scheme,
            let host = parts.encodedHost, !host.isEmpty, parts.fragment == nil
        else { throw MailDestination.refused("is not an address of a server") }
        if let port = parts.port, !(1...65_535).contains(port) { throw MailDestination.refused("has no possible port") }
        let name = parts.path.drop { $0 == "/" }
        guard name.utf8.allSatisfy({ $0.isASCIILetterOrDigit(or: ".-") }) else {
            throw MailDestination.refused("has a path that is not a name to greet the server with")
        }
        let secrets = [parts.user, parts.password].compactMap { $0 }
        guard !secrets.contains(where: { $0.unicodeScalars.contains(where: PlainText.isControl) }) else {
            throw MailDestination.refused("has a control character in it")
        }
        url = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "") + "/" + name
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
        self.timeout = TimeSpan(milliseconds: max(1, timeout.milliseconds))
        var options = try SMTPServer.options(parts.queryItems ?? [])
        if scheme == "smtps", options.removeValue(forKey: "tls") ?? "required" != "required" {
            throw MailDestination.refused("is smtps, which is always encrypted, and has another ‘tls’")
        }
        guard let protection = Protection(rawValue: options["tls"] ?? "required") else {
            throw MailDestination.refused("has a ‘tls’ that is not required, opportunistic or none")
        }
        guard ["yes", "no"].contains(options["verify"] ?? "yes") else {
            throw MailDestination.refused("has a ‘verify’ that is not yes or no")
        }
        self.protection = protection
        verifies = options["verify"] != "no"
        certificates = options["ca"]
        if let certificates, !FileManager.default.isReadableFile(atPath: certificates) {
            throw MembershipError(
                .invalidInput, "The file of certificates ‘\(certificates)’ cannot be read.",
                remedy: "Give ‘ca’ the path of a file in PEM form.")
        }
    }

    private static func options(_ items: [URLQueryItem]) throws(MembershipError) -> [String: String] {
        var options: [String: String] = [:]
        for item in items {
            guard ["tls", "verify", "ca"].contains(item.name), let value = item.value, options[item.name] == nil else {
                throw MailDestination.refused("has an option that is not tls=…, verify=… or ca=…, or one twice")
            }
            options[item.name] = value
        }
        return options
    }
}
