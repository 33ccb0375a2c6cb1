import Membership
import MembershipService

/// Something that a client asks for.
enum ClientCall: Hashable, Sendable {
    case signUp(email: String)
    case open(email: String, article: String, key: String)
    case pay(email: String, reference: String, periods: Int)
    case renew(email: String)

    /// Asks for it.
    ///
    /// - Returns: what is known of it afterwards: the account, the read or `denied`, the payment, the revision.
    func ask(_ services: Services) async throws -> String {
        switch self {
        case .signUp(let email):
            return try await services.accounts.signUp(email: EmailAddress(parsing: email)).account.id.description
        case .open(let email, let article, let key):
            let opening = try await services.access.open(
                reader: ReaderReference(parsing: email), article: ArticleReference(parsing: article),
                clientKey: ClientKey(parsing: key))
            return opening.read?.id.description ?? "denied"
        case .pay(let email, let reference, let periods):
            let amount = Money(
                amountMinor: TrialPlace.price * Int64(periods), currency: try Currency(parsing: "EUR"))
            return try await services.payments.record(
                AccountReference(parsing: email), NewPayment(amount: amount, reference: reference, periods: periods)
            ).payment.id.description
        case .renew(let email):
            return String(
                try await services.subscriptions.renew(AccountReference(parsing: email), .init()).revision)
        }
    }

    /// Whether being refused is an answer: of what has ended, nothing can be paid or renewed.
    func mayBeRefused(_ code: MembershipError.Code) -> Bool {
        switch self {
        case .signUp, .open: false
        case .pay, .renew: code == .transitionForbidden
        }
    }

    /// What many of them are called.
    var kind: String {
        switch self {
        case .signUp: "sign-ups"
        case .open: "openings"
        case .pay: "payments"
        case .renew: "renewals"
        }
    }

    static let kinds = ["sign-ups", "openings", "payments", "renewals"]

    /// As ``init(fields:)`` reads it.
    var fields: [String] {
        switch self {
        case .signUp(let email): ["signup", email]
        case .open(let email, let article, let key): ["open", email, article, key]
        case .pay(let email, let reference, let periods): ["pay", email, reference, String(periods)]
        case .renew(let email): ["renew", email]
        }
    }

    init?(fields: [String]) {
        switch (fields.first, fields.count) {
        case ("signup", 2): self = .signUp(email: fields[1])
        case ("open", 4): self = .open(email: fields[1], article: fields[2], key: fields[3])
        case ("pay", 4): self = .pay(email: fields[1], reference: fields[2], periods: Int(fields[3]) ?? 0)
        case ("renew", 2): self = .renew(email: fields[1])
        default: return nil
        }
    }
}
