/// A holder has an entitlement during an interval. Grants are the truth about access; they are never edited, but
/// voided and replaced.
public struct Grant: Equatable, Sendable {
    /// Its identity, within its account.
    public let id: Identifier<Grant>
    /// What it gives.
    public let entitlement: Entitlement
    /// Where it comes from.
    public let source: Source
    /// During which time it holds.
    public let interval: Interval
    /// When it was written down.
    public let recordedAt: Timestamp

    /// Makes a grant.
    public init(
        id: Identifier<Grant>, entitlement: Entitlement, source: Source, interval: Interval, recordedAt: Timestamp
    ) {
        self.id = id
        self.entitlement = entitlement
        self.source = source
        self.interval = interval
        self.recordedAt = recordedAt
    }

    /// Where a grant comes from.
    public enum Source: String, CaseIterable, Sendable {
        /// The free days.
        case trial
    }
}

extension Grant: IdentifiedKind {
    /// `grant_…`
    public static let identifierPrefix = "grant"
}
