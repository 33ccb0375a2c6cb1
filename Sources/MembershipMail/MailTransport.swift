/// A way for mail to leave.
package protocol MailTransport: Sendable {
    /// Delivers a mail, at least once: when this throws, it may have arrived all the same.
    ///
    /// - Returns: where it went, for the record: the path of a file, or nil when there is nothing to find.
    /// - Throws: ``MailFailure``.
    func deliver(_ mail: Mail) async throws(MailFailure) -> String?
}

/// Why a mail was not delivered.
package struct MailFailure: Error, Equatable, Sendable {
    /// Whether it is of no use to try this mail again as it is.
    package let isPermanent: Bool
    /// A sentence for the operator. It has no address of a reader in it, and no password.
    package let text: String

    package init(isPermanent: Bool, text: String) {
        self.isPermanent = isPermanent
        self.text = text
    }

    static func temporary(_ text: String) -> MailFailure { MailFailure(isPermanent: false, text: text) }
    static func permanent(_ text: String) -> MailFailure { MailFailure(isPermanent: true, text: text) }
}

/// Delivers nothing: for a place that must not write to anyone.
struct NowhereTransport: MailTransport {
    func deliver(_ mail: Mail) async throws(MailFailure) -> String? { nil }
}
