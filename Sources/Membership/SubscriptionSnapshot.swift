/// A subscription as it stands in an event: everything but its plan's terms, which never change.
package struct SubscriptionSnapshot: Codable, Equatable, Sendable {
    package var id: String
    package var plan: String
    package var version: Int
    package var status: String
    package var trialStart: Timestamp?
    package var trialEnd: Timestamp?
    package var convertsTrial: Bool?
    package var remindedAt: Timestamp?
    package var timeZone: String
    package var anchorAt: Timestamp?
    package var anchorDay: Int?
    package var anchorIndex: Int?
    package var periodIndex: Int?
    package var currentPeriodStart: Timestamp?
    package var currentPeriodEnd: Timestamp?
    package var settledPeriods: Int
    package var cancelAtPeriodEnd: Bool?
    package var canceledAt: Timestamp?
    package var pausedAt: Timestamp?
    package var pauseUntil: Timestamp?
    package var nextPlan: String?
    package var nextVersion: Int?
    package var nextFromIndex: Int?
    package var endedAt: Timestamp?
    package var revision: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, plan, version, status, revision
        case trialStart = "trial_start"
        case trialEnd = "trial_end"
        case convertsTrial = "trial_converts"
        case remindedAt = "reminded_at"
        case timeZone = "time_zone"
        case anchorAt = "anchor_at"
        case anchorDay = "anchor_day"
        case anchorIndex = "anchor_index"
        case periodIndex = "period_index"
        case currentPeriodStart = "current_period_start"
        case currentPeriodEnd = "current_period_end"
        case settledPeriods = "settled_periods"
        case cancelAtPeriodEnd = "cancel_at_period_end"
        case canceledAt = "canceled_at"
        case pausedAt = "paused_at"
        case pauseUntil = "pause_until"
        case nextPlan = "next_plan"
        case nextVersion = "next_version"
        case nextFromIndex = "next_from_index"
        case endedAt = "ended_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// The subscription that was written down, given the versions of plans that it names.
    ///
    /// - Returns: nil when it holds what is none.
    package func subscription(
        of account: Identifier<Account>, version: (_ plan: Slug, _ version: Int) throws -> PlanVersion
    ) throws -> Subscription? {
        guard let id = Identifier<Subscription>(id), let status = Subscription.Status(rawValue: status) else {
            return nil
        }
        var subscription = Subscription(
            id: id, accountID: account, version: try version(Slug(stored: plan), self.version), status: status,
            zone: try Zone(stored: timeZone), settledPeriods: settledPeriods, revision: revision, createdAt: createdAt,
            updatedAt: updatedAt)
        (subscription.trialStart, subscription.trialEnd) = (trialStart, trialEnd)
        (subscription.convertsTrial, subscription.remindedAt) = (convertsTrial ?? false, remindedAt)
        if let anchorAt, let anchorDay, let anchorIndex {
            subscription.anchor = .init(moment: anchorAt, day: anchorDay, index: anchorIndex)
        }
        subscription.periodIndex = periodIndex
        (subscription.currentPeriodStart, subscription.currentPeriodEnd) = (currentPeriodStart, currentPeriodEnd)
        (subscription.cancelAtPeriodEnd, subscription.canceledAt) = (cancelAtPeriodEnd ?? false, canceledAt)
        (subscription.pausedAt, subscription.pauseUntil) = (pausedAt, pauseUntil)
        if let nextPlan, let nextVersion, let nextFromIndex {
            let next = try version(Slug(stored: nextPlan), nextVersion)
            subscription.nextVersion = .init(version: next, fromIndex: nextFromIndex)
        }
        subscription.endedAt = endedAt
        return subscription
    }
}

extension Subscription {
    /// What ``SubscriptionSnapshot`` reads; what is nil or false is left out.
    package var snapshot: JSONText {
        // In the order in which they stand there.
        var json = JSONText()
        json.add("anchor_at", anchor?.moment)
        if let anchor {
            json.add("anchor_day", anchor.day)
            json.add("anchor_index", anchor.index)
        }
        if cancelAtPeriodEnd { json.add("cancel_at_period_end", true) }
        json.add("canceled_at", canceledAt)
        json.add("created_at", createdAt)
        json.add("current_period_end", currentPeriodEnd)
        json.add("current_period_start", currentPeriodStart)
        json.add("ended_at", endedAt)
        json.add("id", id.description)
        if let nextVersion {
            json.add("next_from_index", nextVersion.fromIndex)
            json.add("next_plan", nextVersion.version.plan.text)
            json.add("next_version", nextVersion.version.version)
        }
        json.add("pause_until", pauseUntil)
        json.add("paused_at", pausedAt)
        if let periodIndex { json.add("period_index", periodIndex) }
        json.add("plan", plan.text)
        json.add("reminded_at", remindedAt)
        json.add("revision", revision)
        json.add("settled_periods", settledPeriods)
        json.add("status", status.rawValue)
        json.add("time_zone", zone.name)
        if convertsTrial { json.add("trial_converts", true) }
        json.add("trial_end", trialEnd)
        json.add("trial_start", trialStart)
        json.add("updated_at", updatedAt)
        json.add("version", version.version)
        return json
    }
}
