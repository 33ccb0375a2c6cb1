/// The state machine: takes a subscription through time and commands, and notes each step.
///
/// A pure function of the subscription, the moment and the wish. Every command first does what the clock has done
/// meanwhile. A clock that went back is not followed: a moment before the last change counts as that of the change.
package struct SubscriptionLife: Sendable {
    /// As it is now.
    package private(set) var subscription: Subscription
    /// As it was taken up.
    package let recorded: Subscription
    /// What happened, in order.
    package private(set) var steps: [Step] = []
    private var isClock = false
    /// Whether steps are noted: a far moment is behind millions of them.
    fileprivate var notesSteps = true

    /// One transition that was taken.
    package struct Step: Equatable, Sendable {
        /// Which.
        package let transition: SubscriptionTransition
        /// The status before it; nil at the beginning.
        package let from: Subscription.Status?
        /// The subscription after it.
        package let subscription: Subscription
        /// From when it holds; a late job records an earlier moment.
        package let effectiveAt: Timestamp
        /// Whether the clock did it, and nobody.
        package let byClock: Bool
    }

    /// Takes up a subscription as it was last recorded.
    package init(_ subscription: Subscription) {
        self.subscription = subscription
        recorded = subscription
    }

    /// Begins with a subscription that was made just now.
    package init(beginning subscription: Subscription, by transition: SubscriptionTransition) {
        self.subscription = subscription
        recorded = subscription
        steps = [
            Step(
                transition: transition, from: nil, subscription: subscription,
                effectiveAt: subscription.createdAt, byClock: false)
        ]
    }

    /// The place of the step of which the reader is told: the last that has a message. What a later one has overtaken
    /// would only confuse, and so would the warning of a debt that has been settled.
    package var toldIndex: Int? {
        guard let index = steps.lastIndex(where: { $0.transition.rule.message != nil }) else { return nil }
        let isWarning = steps[index].transition.rule.message == .paymentOverdue
        return isWarning && subscription.status != .pastDue ? nil : index
    }
}

// MARK: - The clock

extension SubscriptionLife {
    /// Does everything that the clock has done by a moment.
    package mutating func advance(to moment: Timestamp) {
        isClock = true
        defer { isClock = false }
        while let due = subscription.dueAt, due <= moment { passBoundary(at: due) }
    }

    /// One step of the clock.
    private mutating func passBoundary(at due: Timestamp) {
        switch subscription.status {
        case .trialing: trialOver(at: due)
        case .active: periodOver(at: due)
        case .pastDue: graceOver(at: due)
        case .paused: goOn(at: due)
        case .canceled, .expired: break
        }
    }

    private mutating func trialOver(at due: Timestamp) {
        if subscription.isSettled(0) && (subscription.convertsTrial || subscription.settledPeriods > 0) {
            take(.trialConverts, at: due) {
                $0.status = .active
                $0.begin(period: 0, at: due)
            }
        } else if subscription.cancelAtPeriodEnd {
            end(at: due)
        } else if subscription.convertsTrial {
            take(.trialFallsDue, at: due) {
                $0.status = .pastDue
                $0.begin(period: 0, at: due)
            }
        } else {
            take(.trialExpires, at: due) { $0.finish(.expired, at: due) }
        }
    }

    private mutating func periodOver(at due: Timestamp) {
        let next = (subscription.periodIndex ?? 0) + 1
        // What was paid for is given before anything else.
        if next >= subscription.settledPeriods && subscription.cancelAtPeriodEnd { return end(at: due) }
        if let change = subscription.nextVersion, change.fromIndex <= next {
            take(.changePlan, at: due) { $0.change(to: change.version, withPeriod: next) }
        }
        if subscription.isSettled(next) {
            take(.renew, at: due) { $0.begin(period: next, at: due) }
        } else {
            take(.fallDue, at: due) {
                $0.status = .pastDue
                $0.begin(period: next, at: due)
            }
        }
    }

    private mutating func graceOver(at due: Timestamp) {
        if subscription.cancelAtPeriodEnd { return end(at: due) }
        take(.expire, at: due) { $0.finish(.expired, at: due) }
    }

    private mutating func end(at moment: Timestamp) {
        take(.end, at: moment) { $0.finish(.canceled, at: moment) }
    }

    private mutating func goOn(at moment: Timestamp) {
        take(.resume, at: moment) { $0.resume(at: moment) }
    }

    private mutating func take(
        _ transition: SubscriptionTransition, at moment: Timestamp, _ change: (inout Subscription) -> Void
    ) {
        let from = subscription.status
        change(&subscription)
        subscription.revision += 1
        subscription.updatedAt = max(subscription.updatedAt, moment)
        assert(transition.rule.from.contains(from) && transition.rule.to.contains(subscription.status))
        guard notesSteps else { return }
        steps.append(
            Step(
                transition: transition, from: from, subscription: subscription, effectiveAt: moment, byClock: isClock))
    }
}

// MARK: - Commands

extension SubscriptionLife {
    /// Makes the trial longer by so many times twenty-four hours.
    package mutating func extendTrial(byDays days: Int, at now: Timestamp) throws(MembershipError) {
        guard (1...365).contains(days) else {
            throw MembershipError(
                .invalidInput, "‘\(days)’ is not a number of days to extend a trial by.", remedy: "Give 1 to 365.")
        }
        let moment = try ready(.extendTrial, at: now)
        take(.extendTrial, at: moment) {
            $0.trialEnd = $0.trialEnd.map { $0 + .days(days) }
            $0.remindedAt = nil
        }
    }

    /// Ends the trial now. What was paid for begins at once; a conversion that was agreed to takes place.
    package mutating func endTrial(at now: Timestamp) throws(MembershipError) {
        let moment = try ready(.trialExpires, at: now)
        cutTrial(at: moment)
    }

    /// Makes the first period follow the trial, when it ends or now.
    ///
    /// - Throws: ``MembershipError`` also when the plan has no price.
    package mutating func convertTrial(now immediately: Bool, at now: Timestamp) throws(MembershipError) {
        let moment = try ready(.convertTrial, at: now)
        try requirePrice()
        let isNew = !subscription.convertsTrial || subscription.cancelAtPeriodEnd
        guard immediately || isNew else {
            throw forbidden(.convertTrial, "it already goes on when its trial ends")
        }
        if isNew {
            take(.convertTrial, at: moment) {
                $0.convertsTrial = true
                $0.withdrawCancel()
            }
        }
        if immediately { cutTrial(at: moment) }
    }

    /// Settles the current period, or the first after a trial that ends now, without a payment.
    package mutating func activate(at now: Timestamp) throws(MembershipError) {
        advance(to: now)
        let moment = max(now, subscription.updatedAt)
        switch subscription.status {
        case .trialing:
            try requirePrice()
            guard subscription.settledPeriods == 0 else {
                throw forbidden(.activate, "its first period is paid for; trial end begins it now")
            }
            subscription.settledPeriods = max(subscription.settledPeriods, 1)
            cutTrial(at: moment)
        case .pastDue:
            take(.activate, at: moment) { $0.settle(upTo: $0.settledPeriods + 1) }
        case .active, .paused, .canceled, .expired:
            throw forbidden(.activate)
        }
    }

    /// Does for this subscription what is due now.
    package mutating func renew(at now: Timestamp) throws(MembershipError) {
        advance(to: now)
        guard steps.isEmpty else { return }
        switch subscription.status {
        case .trialing: throw forbidden(.renew, "it is trialing until \(subscription.trialEnd ?? now)")
        case .active: throw forbidden(.renew, "it is active until \(subscription.currentPeriodEnd ?? now)")
        case .pastDue: throw forbidden(.renew, "it is past_due since \(subscription.currentPeriodStart ?? now)")
        case .paused, .canceled, .expired: throw forbidden(.renew)
        }
    }

    /// Makes sure that so many periods can be paid for at once.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    package static func requirePayable(periods count: Int) throws(MembershipError) {
        guard (1...120).contains(count) else {
            throw MembershipError(
                .invalidInput, "‘\(count)’ is not a number of periods to pay for.", remedy: "Give 1 to 120.")
        }
    }

    /// Pays for so many periods, beginning with the first that is not paid for.
    package mutating func pay(forPeriods count: Int, at now: Timestamp) throws(MembershipError) {
        try SubscriptionLife.requirePayable(periods: count)
        let moment = try ready(.pay, at: now)
        let periods = try subscription.unsettledPeriods(count)
        take(.pay, at: moment) { $0.settle(upTo: periods.upperBound) }
    }

    /// Pays for so many periods together with the beginning, so that not even a plan without grace is over before.
    package mutating func payWithBeginning(forPeriods count: Int) throws(MembershipError) {
        let periods = try subscription.unsettledPeriods(count)
        take(.pay, at: subscription.createdAt) { $0.settle(upTo: periods.upperBound) }
    }

    /// Cancels: now, or with the end of what was paid for or promised.
    package mutating func cancel(now immediately: Bool, at now: Timestamp) throws(MembershipError) {
        let moment = try ready(.scheduleCancel, at: now)
        guard immediately || !subscription.cancelAtPeriodEnd else {
            throw forbidden(.scheduleCancel, "it is cancelled already and ends at \(subscription.endsAt ?? moment)")
        }
        guard immediately || subscription.status != .paused else {
            throw forbidden(
                .scheduleCancel, "a paused subscription has no end to be cancelled at; resume it, or cancel it now")
        }
        if !subscription.cancelAtPeriodEnd {
            take(.scheduleCancel, at: moment) {
                $0.cancelAtPeriodEnd = true
                $0.canceledAt = moment
            }
        }
        if immediately { end(at: moment) }
    }

    /// Lets a paused subscription go on, or takes a cancellation back that has not taken effect.
    package mutating func resume(at now: Timestamp) throws(MembershipError) {
        advance(to: now)
        let moment = max(now, subscription.updatedAt)
        if subscription.status == .paused {
            goOn(at: moment)
        } else if !subscription.status.isFinal, subscription.cancelAtPeriodEnd {
            take(.withdrawCancel, at: moment) { $0.withdrawCancel() }
        } else {
            throw forbidden(
                .resume,
                subscription.status.isFinal ? nil : "it is \(subscription.status.rawValue), and nobody cancelled it")
        }
    }

    /// Lets it stand still, until somebody resumes it or until a moment.
    package mutating func pause(until end: Timestamp?, at now: Timestamp) throws(MembershipError) {
        let moment = try ready(.pause, at: now)
        guard !subscription.cancelAtPeriodEnd else {
            throw forbidden(.pause, "it is cancelled and ends at \(subscription.endsAt ?? moment)")
        }
        if let end, end <= moment || end > moment + .days(366) {
            throw MembershipError(
                .invalidInput, "‘\(end)’ is not an end for a pause that begins at \(moment).",
                remedy: "Give a later moment, at most 366 days ahead.")
        }
        take(.pause, at: moment) {
            $0.status = .paused
            $0.pausedAt = moment
            $0.pauseUntil = end
        }
    }

    /// Changes to another version of a plan, now or with the first period that is not paid for.
    package mutating func changePlan(
        to version: PlanVersion, now immediately: Bool, at now: Timestamp
    ) throws(MembershipError) {
        let moment = try ready(immediately ? .changePlan : .schedulePlanChange, at: now)
        guard version != subscription.version || !immediately && subscription.nextVersion != nil else {
            throw forbidden(.changePlan, "it is on \(version) already")
        }
        if let next = subscription.nextVersion, subscription.settledPeriods > next.fromIndex {
            throw forbidden(.changePlan, "it changes to \(next.version), and periods of that are paid for")
        }
        guard subscription.nextVersion?.version != version || immediately else {
            throw forbidden(.changePlan, "it changes to \(version) already")
        }
        // A trial that nothing is to follow needs none.
        if subscription.status != .trialing || subscription.convertsTrial { try requirePrice(of: version) }
        let next = subscription.periodIndex.map { $0 + 1 } ?? 0
        if immediately {
            guard subscription.status == .trialing || !subscription.terms.isFree || version.terms.isFree else {
                throw forbidden(
                    .changePlan, "its current period costs nothing, and \(version) does; change it at the renewal")
            }
            guard subscription.settledPeriods <= next else {
                let paid = "periods are paid ahead up to \(subscription.boundary(subscription.settledPeriods)); "
                throw forbidden(
                    .changePlan,
                    paid
                        + (subscription.status == .trialing
                            ? "when the first has begun, change it at the renewal after them"
                            : "change it at the renewal after them"))
            }
            take(.changePlan, at: moment) { $0.change(to: version, withPeriod: next) }
        } else {
            take(.schedulePlanChange, at: moment) {
                let isBack = version == $0.version
                $0.nextVersion =
                    isBack ? nil : .init(version: version, fromIndex: max($0.settledPeriods, next))
            }
        }
    }

    /// Notes that the reader was told of the end of the trial.
    package mutating func remind(at now: Timestamp) {
        subscription.remindedAt = now
        subscription.updatedAt = max(subscription.updatedAt, now)
    }

    /// Brings the subscription up to now and makes sure that it may take the transition.
    private mutating func ready(
        _ transition: SubscriptionTransition, at now: Timestamp
    ) throws(MembershipError) -> Timestamp {
        advance(to: now)
        guard transition.rule.from.contains(subscription.status) else { throw forbidden(transition) }
        return max(now, subscription.updatedAt)
    }

    private mutating func cutTrial(at moment: Timestamp) {
        subscription.trialEnd = moment
        trialOver(at: moment)
    }

    private func requirePrice(of version: PlanVersion? = nil) throws(MembershipError) {
        let version = version ?? subscription.version
        guard version.terms.prices.isEmpty else { return }
        throw MembershipError(
            .transitionForbidden, "\(version) has no price, so that nobody could pay for it.",
            remedy: "Publish a version with a price, and move the subscription to it with fortnight plan migrate.")
    }

    private func forbidden(_ transition: SubscriptionTransition, _ why: String? = nil) -> MembershipError {
        let reason =
            why ?? "it is \(subscription.status.rawValue)" + (subscription.endedAt.map { " since \($0)" } ?? "")
        let remedy =
            subscription.status.isFinal
            ? "What has ended stays ended; fortnight subscription start begins another."
            : "fortnight subscription show shows what it is."
        return MembershipError(
            .transitionForbidden, "Subscription \(subscription.id) cannot \(transition.infinitive): \(reason).",
            remedy: remedy)
    }
}

// MARK: - What a step does

extension Subscription {
    /// The subscription at a moment, whether or not a job has recorded it yet.
    package func advanced(to moment: Timestamp) -> Subscription {
        var life = SubscriptionLife(self)
        life.notesSteps = false
        life.advance(to: moment)
        return life.subscription
    }

    fileprivate mutating func finish(_ status: Status, at moment: Timestamp) {
        self.status = status
        endedAt = moment
        (pausedAt, pauseUntil, nextVersion) = (nil, nil, nil)
    }

    fileprivate mutating func withdrawCancel() {
        cancelAtPeriodEnd = false
        canceledAt = nil
    }

    fileprivate mutating func settle(upTo index: Int) {
        settledPeriods = index
        if status == .pastDue { status = .active }
    }

    /// The rest of the period begins again where it stopped; later periods keep the new day. Where the month was too
    /// short for the day of the others, and the new end is on the last day of its month too, they keep theirs.
    fileprivate mutating func resume(at moment: Timestamp) {
        guard let pausedAt, let end = currentPeriodEnd, let index = periodIndex else { return }
        let newEnd = end + (moment - pausedAt)
        status = .active
        currentPeriodEnd = newEnd
        let (wanted, date) = (schedule.anchorDay, zone.local(newEnd).date)
        let wasShortened = terms.interval.unit != .day && zone.local(end).date.day < wanted
        let isLast = date.day == CivilDate.days(inMonth: date.month, of: date.year)
        anchor = Anchor(
            moment: newEnd, day: wasShortened && isLast ? max(wanted, date.day) : date.day, index: index + 1)
        (self.pausedAt, pauseUntil) = (nil, nil)
    }

    /// The plan changes; the current period stays as it is, and `next` is the first in the new steps.
    fileprivate mutating func change(to version: PlanVersion, withPeriod next: Int) {
        if anchor != nil {
            let continued = schedule.continued(from: next, by: version.terms.interval)
            anchor = Anchor(moment: continued.anchor, day: continued.anchorDay, index: continued.anchorIndex)
            // A period that was free, or paid for, stays so.
            if status == .active { settledPeriods = max(settledPeriods, next) }
        }
        self.version = version
        nextVersion = nil
    }
}
