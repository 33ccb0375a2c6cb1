import Membership

/// A subscription as JSON, with the field's names.
struct SubscriptionView: Encodable {
    let id: String
    let account: String
    let plan: String
    let planVersion: Int
    let status: String
    @ExplicitNull var trialStart: Timestamp?
    @ExplicitNull var trialEnd: Timestamp?
    let daysLeft: Int
    let trialConverts: Bool
    @ExplicitNull var currentPeriodStart: Timestamp?
    @ExplicitNull var currentPeriodEnd: Timestamp?
    @ExplicitNull var paidUntil: Timestamp?
    @ExplicitNull var graceUntil: Timestamp?
    let cancelAtPeriodEnd: Bool
    @ExplicitNull var canceledAt: Timestamp?
    @ExplicitNull var endsAt: Timestamp?
    @ExplicitNull var pausedAt: Timestamp?
    @ExplicitNull var pauseUntil: Timestamp?
    @ExplicitNull var nextPlan: String?
    @ExplicitNull var nextPlanVersion: Int?
    @ExplicitNull var nextPlanAt: Timestamp?
    @ExplicitNull var endedAt: Timestamp?
    let revision: Int
    let createdAt: Timestamp

    init(_ subscription: Subscription, at moment: Timestamp) {
        id = subscription.id.description
        account = subscription.accountID.description
        plan = subscription.plan.text
        planVersion = subscription.version.version
        status = subscription.status.rawValue
        trialStart = subscription.trialStart
        trialEnd = subscription.trialEnd
        daysLeft = subscription.trialDaysLeft(at: moment)
        trialConverts = subscription.convertsTrial
        currentPeriodStart = subscription.currentPeriodStart
        currentPeriodEnd = subscription.currentPeriodEnd
        paidUntil = subscription.paidUntil
        graceUntil = subscription.status == .pastDue ? subscription.graceEnd : nil
        cancelAtPeriodEnd = subscription.cancelAtPeriodEnd
        canceledAt = subscription.canceledAt
        endsAt = subscription.endsAt
        pausedAt = subscription.pausedAt
        pauseUntil = subscription.pauseUntil
        nextPlan = subscription.nextVersion?.version.plan.text
        nextPlanVersion = subscription.nextVersion?.version.version
        nextPlanAt = subscription.nextVersion.map { subscription.boundary($0.fromIndex) }
        endedAt = subscription.endedAt
        revision = subscription.revision
        createdAt = subscription.createdAt
    }
}

extension Subscription {
    /// The subscription in one line, as it is.
    var sentence: String {
        var parts = ["\(version), \(status.rawValue)"]
        switch status {
        case .trialing:
            parts.append("free from \(date(trialStart)) until \(date(trialEnd))")
        case .active, .pastDue:
            parts.append("period from \(date(currentPeriodStart)) until \(date(currentPeriodEnd))")
            if status == .pastDue { parts.append("grace until \(date(graceEnd))") }
        case .paused:
            parts.append("since \(date(pausedAt))" + (pauseUntil.map { " until \($0)" } ?? ""))
        case .canceled, .expired:
            parts.append("since \(date(endedAt))")
        }
        if let paidUntil, !status.isFinal { parts.append("paid until \(paidUntil)") }
        if status == .trialing, convertsTrial { parts.append("goes on after the trial") }
        if let nextVersion { parts.append("changes to \(nextVersion.version) at \(boundary(nextVersion.fromIndex))") }
        if cancelAtPeriodEnd, let endsAt, !status.isFinal { parts.append("cancelled, ends at \(endsAt)") }
        return parts.joined(separator: ", ")
    }

    private func date(_ moment: Timestamp?) -> String { moment?.rfc3339 ?? "" }
}

extension GlobalOptions {
    /// Shows a subscription: what was done with it, and what it is now.
    func show(_ subscription: Subscription, at moment: Timestamp, _ done: String? = nil) throws {
        if json {
            try console.document(SubscriptionView(subscription, at: moment))
            return
        }
        if let done { console.line(done) }
        var facts = Table()
        facts.add("subscription", subscription.id.description)
        facts.add("account", subscription.accountID.description)
        facts.add("plan", subscription.version.description)
        facts.add("status", subscription.status.rawValue)
        func add(_ name: String, _ moment: Timestamp?) {
            if let moment { facts.add(name, moment.rfc3339) }
        }
        add("trial start", subscription.trialStart)
        add("trial end", subscription.trialEnd)
        if subscription.convertsTrial, subscription.status == .trialing { facts.add("after the trial", "goes on") }
        add("current period start", subscription.currentPeriodStart)
        add("current period end", subscription.currentPeriodEnd)
        add("paid until", subscription.paidUntil)
        if subscription.status == .pastDue { add("grace until", subscription.graceEnd) }
        add("cancelled at", subscription.canceledAt)
        if !subscription.status.isFinal { add("ends at", subscription.endsAt) }
        add("paused at", subscription.pausedAt)
        add("pause until", subscription.pauseUntil)
        if let next = subscription.nextVersion {
            facts.add("changes to", "\(next.version) at \(subscription.boundary(next.fromIndex))")
        }
        add("ended at", subscription.endedAt)
        facts.add("revision", String(subscription.revision))
        console.line(facts.text)
    }
}
