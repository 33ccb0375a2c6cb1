import Membership

/// A grant as JSON.
struct GrantView: Encodable {
    let id: String
    let entitlement: String
    let source: String
    @ExplicitNull var subscription: String?
    let startsAt: Timestamp
    @ExplicitNull var endsAt: Timestamp?
    let recordedAt: Timestamp
    @ExplicitNull var voidedAt: Timestamp?
    @ExplicitNull var reason: String?
    let live: Bool

    init(_ grant: Grant, at moment: Timestamp) {
        id = grant.id.description
        entitlement = grant.entitlement.name
        source = grant.source.rawValue
        subscription = grant.subscription?.description
        startsAt = grant.interval.startsAt
        endsAt = grant.interval.endsAt
        recordedAt = grant.recordedAt
        voidedAt = grant.voidedAt
        reason = grant.reason
        live = grant.voidedAt == nil && grant.interval.contains(moment)
    }
}

extension Grant {
    /// The grant in one line.
    func sentence(at moment: Timestamp) -> String {
        "\(id): \(entitlement.name) from \(source.rawValue), from \(interval.startsAt)"
            + (interval.endsAt.map { " until \($0)" } ?? "")
            + (voidedAt.map { " (voided at \($0))" } ?? (interval.contains(moment) ? "" : " (not now)"))
            + (reason.map { ": " + $0 } ?? "")
    }
}
