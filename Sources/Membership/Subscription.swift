/// An account's agreement to a version of a plan.
public struct Subscription: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<Subscription>
    /// Whose it is.
    public let accountID: Identifier<Account>
    /// The plan's name.
    public let plan: Slug
    /// The plan's version.
    public let planVersion: Int
    /// As last recorded. What holds at a moment is ``status(at:)``.
    public let recordedStatus: Status
    /// When the trial began.
    public let trialStart: Timestamp
    /// The first moment after the trial.
    public let trialEnd: Timestamp
    /// When it ended; nil while it has not, or its end has not been recorded.
    public let endedAt: Timestamp?

    /// Makes a subscription.
    public init(
        id: Identifier<Subscription>, accountID: Identifier<Account>, plan: Slug, planVersion: Int,
        recordedStatus: Status, trialStart: Timestamp, trialEnd: Timestamp, endedAt: Timestamp?
    ) {
        self.id = id
        self.accountID = accountID
        self.plan = plan
        self.planVersion = planVersion
        self.recordedStatus = recordedStatus
        self.trialStart = trialStart
        self.trialEnd = trialEnd
        self.endedAt = endedAt
    }

    /// What a subscription can be.
    public enum Status: String, CaseIterable, Sendable {
        /// In its free days.
        case trialing
        /// Over.
        case expired
    }

    /// The status at a moment, whether or not a job has recorded it yet.
    public func status(at moment: Timestamp) -> Status {
        recordedStatus == .trialing && trialEnd <= moment ? .expired : recordedStatus
    }

    /// How many days of the trial are left, a begun day counted whole; 0 when it is over.
    public func trialDaysLeft(at moment: Timestamp) -> Int {
        guard status(at: moment) == .trialing else { return 0 }
        let day = TimeSpan.days(1).milliseconds
        return Int(((trialEnd - moment).milliseconds + day - 1) / day)
    }
}

extension Subscription: IdentifiedKind {
    /// `sub_…`
    public static let identifierPrefix = "sub"
}
