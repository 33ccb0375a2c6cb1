/// A way for mail to leave.
package protocol MailTransport: Sendable {
    /// Delivers a mail, at least once: when this throws, it may have arrived all the same.
    ///
    /// - Returns: where it went, for the record: the path of a file, or nil when there is nothing to find.
    /// - Throws: ``MailFailure``.
    func deliver(_ mail: Mail) async throws(MailFailure) -> String?

    /// Where a mail with this Message-ID will go, for the record: the path of a file, or nil when there will be nothing to
    /// find. It touches nothing, and is known before the mail is delivered, so that what an interrupted delivery leaves is
    /// on record too.
    func place(of messageID: String) -> String?
}

/// Why a mail was not delivered.
package struct MailFailure: Error, Equatable, Sendable {
    /// Whose failure it is, and so whether it is of use to try again.
    package enum Kind: Sendable {
        /// This mail's, and for good as long as it is as it is.
        case permanent
        /// This mail's, and it may go better the next time.
        case temporary
        /// Not this mail's: the server or the folder takes none at present.
        case outage
    }

    package let kind: Kind
    /// A sentence for the operator. It has no address of a reader in it, and no password.
    package let text: String

    package init(_ kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// Whether it is of no use to try this mail again as it is.
    package var isPermanent: Bool { kind == .permanent }

    package static func temporary(_ text: String) -> MailFailure { MailFailure(.temporary, text: text) }
    package static func permanent(_ text: String) -> MailFailure { MailFailure(.permanent, text: text) }
    package static func outage(_ text: String) -> MailFailure { MailFailure(.outage, text: text) }
}

/// Delivers nothing: for a place that must not write to anyone.
struct NowhereTransport: MailTransport {
    func deliver(_ mail: Mail) async throws(MailFailure) -> String? { nil }
    func place(of messageID: String) -> String? { nil }
}
