/// A person who can sign in.
public struct Account: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<Account>
    /// As the person typed it; empty when the account was erased or has become part of another.
    public let email: String
    /// What the person wants to be called.
    public let name: String?
    /// An IANA time zone.
    public let timeZone: String
    /// What the person is written to in.
    public let language: Language
    /// When it was made.
    public let createdAt: Timestamp
    /// When everything that named the person was removed.
    public let erasedAt: Timestamp?
    /// The account that this one has become part of.
    public let mergedInto: Identifier<Account>?

    /// Makes an account.
    public init(
        id: Identifier<Account>, email: String, name: String?, timeZone: String, language: Language = .english,
        createdAt: Timestamp, erasedAt: Timestamp? = nil, mergedInto: Identifier<Account>? = nil
    ) {
        self.language = language
        self.erasedAt = erasedAt
        self.mergedInto = mergedInto
        self.id = id
        self.email = email
        self.name = name
        self.timeZone = timeZone
        self.createdAt = createdAt
    }
}

extension Account {
    /// What it is called in messages: the address, or the id when that is gone.
    public var label: String { email.isEmpty ? id.description : email }
}

extension Account: IdentifiedKind {
    /// `acct_…`
    public static let identifierPrefix = "acct"
}

/// A time during which an account may read nothing that needs an account.
public struct Suspension: Equatable, Sendable {
    /// From when, and until when.
    public let interval: Interval
    /// Why, in the words of whoever did it.
    public let reason: String

    /// Makes a suspension.
    public init(interval: Interval, reason: String) {
        self.interval = interval
        self.reason = reason
    }
}

extension Suspension {
    /// What was known of it at a moment: nothing before it began, and of its end nothing before that had come.
    package func asKnown(at moment: Timestamp) -> Suspension? {
        guard interval.startsAt <= moment else { return nil }
        guard let end = interval.endsAt, end > moment else { return self }
        return Suspension(interval: Interval(from: interval.startsAt, until: nil), reason: reason)
    }

    /// As it holds by a clock that is behind the one it was written down by. It begins and ends when that is done, and
    /// never at a time ahead.
    package func caughtUp(at now: Timestamp) -> Suspension {
        Suspension(
            interval: interval.caughtUp(to: interval.endsAt ?? interval.startsAt, at: now), reason: reason)
    }
}

extension Suspension: IdentifiedKind {
    /// `susp_…`
    public static let identifierPrefix = "susp"
}

/// What an account is asked for by.
public enum AccountReference: Hashable, Sendable {
    /// `acct_…`
    case id(Identifier<Account>)
    /// Any spelling of the person's address.
    case email(EmailAddress)

    /// Reads either form.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_email`, or `invalid_input` for what is half an id.
    public init(parsing text: String) throws(MembershipError) {
        if let id = Identifier<Account>(text) {
            self = .id(id)
        } else if text.hasPrefix(Account.identifierPrefix + "_"), !text.contains("@") {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not the id of an account.",
                remedy: "Copy it from fortnight account list, or give the email address.")
        } else {
            self = .email(try EmailAddress(parsing: text))
        }
    }
}

extension AccountReference: CustomStringConvertible {
    /// As it was asked for.
    public var description: String {
        switch self {
        case .id(let id): id.description
        case .email(let email): email.typed
        }
    }
}
