/// How far something is open, from when it is published, and what opens it: one whole, which a nearer target replaces.
public struct AccessTerms: Hashable, Sendable {
    /// How far it is open when no time says otherwise.
    public let access: AccessLevel
    /// For so long after its publication it is free.
    public let freeFor: TimeSpan?
    /// From so long after its publication on it is free.
    public let freeAfter: TimeSpan?
    /// Any one of these opens it when it is metered or premium; when there are none, `all-titles` and its title's do.
    public let requires: [Entitlement]

    /// The most entitlements that may be named.
    public static let mostRequired = 20

    /// Checks terms.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for times that are none, too long or leave nothing
    ///   between them, or too many entitlements.
    public init(
        access: AccessLevel, freeFor: TimeSpan? = nil, freeAfter: TimeSpan? = nil, requires: [Entitlement] = []
    ) throws(MembershipError) {
        for span in [freeFor, freeAfter].compactMap(\.self) {
            guard span > TimeSpan(milliseconds: 0), span <= TimeSpan.longest else {
                throw MembershipError(
                    .invalidInput, "‘\(span.milliseconds)’ ms is not a length of time after a publication.",
                    remedy: "Give more than none, and at most \(TimeSpan.longest).")
            }
        }
        if let freeFor, let freeAfter, freeAfter <= freeFor {
            throw MembershipError(
                .invalidInput, "Free for \(freeFor) and free again after \(freeAfter) leaves no time between.",
                remedy: "Make the second longer than the first, or the access free.")
        }
        guard requires.count <= AccessTerms.mostRequired else {
            throw MembershipError(
                .invalidInput, "\(requires.count) entitlements are too many.",
                remedy: "Name at most \(AccessTerms.mostRequired).")
        }
        self.init(stored: access, freeFor: freeFor, freeAfter: freeAfter, requires: requires)
    }

    /// Takes terms that were checked before they were stored.
    package init(stored access: AccessLevel, freeFor: TimeSpan?, freeAfter: TimeSpan?, requires: [Entitlement]) {
        self.access = access
        self.freeFor = freeFor
        self.freeAfter = freeAfter
        self.requires = Set(requires).sorted { $0.name < $1.name }
    }

    /// What holds where there is no rule at all.
    package static let standard = AccessTerms(stored: .premium, freeFor: nil, freeAfter: nil, requires: [])

    /// How far something that is published at a moment is open at another.
    func level(publishedAt: Timestamp, at moment: Timestamp) -> AccessLevel {
        if let freeFor, moment < publishedAt + freeFor { return .free }
        if let freeAfter, moment >= publishedAt + freeAfter { return .free }
        return access
    }

    /// The moments at which it opens or closes by itself.
    func boundaries(publishedAt: Timestamp) -> [Timestamp] {
        [freeFor, freeAfter].compactMap { $0.map { publishedAt + $0 } }
    }
}

extension AccessTerms: CustomStringConvertible {
    /// `metered, free for 1d, free after 30d, requires all-titles or title:golem`
    public var description: String {
        var parts = [access.rawValue]
        if let freeFor { parts.append("free for \(freeFor)") }
        if let freeAfter { parts.append("free after \(freeAfter)") }
        if !requires.isEmpty { parts.append("requires " + requires.map(\.name).joined(separator: " or ")) }
        return parts.joined(separator: ", ")
    }
}
