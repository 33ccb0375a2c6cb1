/// Whoever asks for an article, as an app or a site knows her.
public enum ReaderReference: Hashable, Sendable {
    /// Somebody of whom nothing is known; nothing can be counted for her.
    case anonymous
    /// Somebody who has not signed in, by the site's own id; the zone is the one whose months her allowance follows.
    case visitor(VisitorID, zone: Zone = .utc)
    /// A person with an account.
    case account(AccountReference)

    /// Reads `anonymous`, `visitor:ID`, or what an account is asked for by.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_email` or `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        if text == "anonymous" {
            self = .anonymous
        } else if text.hasPrefix("visitor:") {
            self = .visitor(try VisitorID(parsing: String(text.dropFirst("visitor:".count))))
        } else {
            self = .account(try AccountReference(parsing: text))
        }
    }
}

extension ReaderReference: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it.
    public var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .visitor(let id, _): "visitor:\(id)"
        case .account(let reference): reference.description
        }
    }
}
