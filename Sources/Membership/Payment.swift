/// Money that came in for periods of a subscription, as an operator recorded it.
public struct Payment: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<Payment>
    /// Which subscription it pays for.
    public let subscriptionID: Identifier<Subscription>
    /// How much.
    public let amount: Money
    /// For how many periods.
    public let periods: Int
    /// What the bank or the shop knows it by; nil when the account was erased.
    public let reference: String?
    /// Who recorded it.
    public let actor: Actor
    /// When it was recorded.
    public let recordedAt: Timestamp

    /// Makes a payment.
    public init(
        id: Identifier<Payment>, subscriptionID: Identifier<Subscription>, amount: Money, periods: Int,
        reference: String?, actor: Actor, recordedAt: Timestamp
    ) {
        self.id = id
        self.subscriptionID = subscriptionID
        self.amount = amount
        self.periods = periods
        self.reference = reference
        self.actor = actor
        self.recordedAt = recordedAt
    }
}

extension Payment: IdentifiedKind {
    /// `pay_…`
    public static let identifierPrefix = "pay"
}
