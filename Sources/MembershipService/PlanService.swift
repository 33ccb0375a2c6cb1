public import Membership
import MembershipStore

/// The catalog: plans, and their versions. A version that was published never changes.
public struct PlanService: Sendable {
    let store: Store

    /// A plan, and how many subscriptions it has.
    public struct Overview: Equatable, Sendable {
        /// The plan, with all its versions.
        public let plan: Plan
        /// How many subscriptions to each version have not ended, by the number of the version.
        public let openSubscriptions: [Int: Int]
    }

    /// Every plan, by name.
    public func list() async throws -> [Overview] {
        try await store.read { tx in try tx.planNames().map { try tx.overview(ofPlan: $0) } }
    }

    /// A plan with all its versions.
    ///
    /// - Parameter version: the only one to show; nil for all.
    /// - Throws: ``MembershipError`` with code `unknown_plan` for a plan or version that is not there.
    public func show(_ name: Slug, version: Int? = nil) async throws -> Overview {
        try await store.read { tx in
            let overview = try tx.overview(ofPlan: name)
            guard let version else { return overview }
            return Overview(
                plan: Plan(
                    name: name, retiredAt: overview.plan.retiredAt, versions: [try tx.version(version, ofPlan: name)]),
                openSubscriptions: overview.openSubscriptions.filter { $0.key == version })
        }
    }

    /// What a draft is to have; what is nil is as in the newest version of the plan.
    public struct Wishes: Sendable {
        /// One price a currency; in a new plan none.
        public var prices: [Money]?
        /// How long a period is; in a new plan a month.
        public var interval: BillingInterval?
        /// How many times 24 hours are free; in a new plan 0.
        public var trialDays: Int?
        /// For how many times 24 hours an unpaid period gives access; in a new plan 7, or as many as a shorter period
        /// allows.
        public var graceDays: Int?
        /// What a subscriber is entitled to; a new plan must have some.
        public var entitlements: [Entitlement]?

        /// Makes wishes.
        public init(
            prices: [Money]? = nil, interval: BillingInterval? = nil, trialDays: Int? = nil, graceDays: Int? = nil,
            entitlements: [Entitlement]? = nil
        ) {
            self.prices = prices
            self.interval = interval
            self.trialDays = trialDays
            self.graceDays = graceDays
            self.entitlements = entitlements
        }

        func terms(startingFrom newest: PlanTerms?) throws(MembershipError) -> PlanTerms {
            let interval = interval ?? newest?.interval ?? .month
            let usualGrace = min(DefaultPlan.graceDays, interval.fewestDays - 1)
            return try PlanTerms(
                prices: prices ?? newest?.prices ?? [], interval: interval,
                trialDays: trialDays ?? newest?.trialDays ?? 0, graceDays: graceDays ?? newest?.graceDays ?? usualGrace,
                entitlements: entitlements ?? newest?.entitlements ?? [])
        }
    }

    /// What drafting led to.
    public struct Drafted: Equatable, Sendable {
        /// The draft.
        public let draft: PlanVersion
        /// The draft that it replaces; nil when there was none.
        public let replaced: PlanVersion?
        /// The newest published version; nil while there is none.
        public let published: PlanVersion?

        /// What will be different when it is published.
        public var difference: PlanDifference { PlanDifference(from: published?.terms, to: draft.terms) }
    }

    /// Writes the draft of a plan's next version; a draft that is there is replaced. A plan that is new begins with
    /// version 1.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for terms that cannot be, `unknown_title` for an
    ///   entitlement to a title that is not there.
    public func add(_ name: Slug, _ wishes: Wishes) async throws -> Drafted {
        try await store.write { tx in
            let plan = try tx.plan(name)
            let terms = try wishes.terms(startingFrom: plan?.versions.last?.terms)
            try tx.requireKnown(terms.entitlements)
            let draft = try tx.writeVersion(terms, of: plan, named: name, isPublished: false)
            return Drafted(draft: draft, replaced: plan?.draft, published: plan?.published)
        }
    }

    /// What publishing led to.
    public struct Published: Equatable, Sendable {
        /// The version, as new subscribers get it.
        public let version: PlanVersion
        /// The version before it; nil when it is the first.
        public let previous: PlanVersion?
        /// How many subscriptions that have not ended stay on earlier versions until they are moved.
        public let openSubscriptionsBefore: Int

        /// What is different from the version before.
        public var difference: PlanDifference { PlanDifference(from: previous?.terms, to: version.terms) }
    }

    /// Publishes the draft of a plan. New subscribers get it; the others stay on theirs.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_plan` when there is no such plan, or no draft of it.
    public func publish(_ name: Slug) async throws -> Published {
        // Counting needs no place in the write: whoever signs up meanwhile would keep it from being committed.
        let open = try await store.read { tx in try tx.openSubscriptionCounts(ofPlan: name) }
        return try await store.write { tx in
            let before = try tx.requirePlan(name)
            guard let draft = before.draft else {
                throw MembershipError(
                    .unknownPlan,
                    "The plan ‘\(name)’ has no draft to publish; its newest version is "
                        + "\(before.versions.last?.version ?? 0).",
                    remedy: "Write one with fortnight plan add \(name).")
            }
            try tx.publishDraft(ofPlan: name)
            let version = PlanVersion(plan: name, version: draft.version, terms: draft.terms, publishedAt: tx.now)
            return Published(
                version: version, previous: before.published, openSubscriptionsBefore: open.values.reduce(0, +))
        }
    }

    /// What retiring led to.
    public struct Retired: Equatable, Sendable {
        /// The plan, as it is now.
        public let overview: Overview
        /// Whether it had been retired before, so that nothing was done.
        public let wasRetired: Bool
    }

    /// Lets nobody subscribe to a plan any more. Its subscribers stay, and renew.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_plan`, `transition_forbidden` for the plan that trials are of.
    public func retire(_ name: Slug) async throws -> Retired {
        let open = try await store.read { tx in try tx.openSubscriptionCounts(ofPlan: name) }
        return try await store.write { tx in
            let wasRetired = try tx.requirePlan(name).retiredAt != nil
            if !wasRetired { try tx.retire(name) }
            return Retired(
                overview: Overview(plan: try tx.requirePlan(name), openSubscriptions: open), wasRetired: wasRetired)
        }
    }
}

// MARK: - Within a transaction

extension ReadTransaction {
    fileprivate func overview(ofPlan name: Slug) throws -> PlanService.Overview {
        PlanService.Overview(
            plan: try requirePlan(name), openSubscriptions: try openSubscriptionCounts(ofPlan: name))
    }

    /// A plan.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_plan`.
    func requirePlan(_ name: Slug) throws -> Plan {
        guard let plan = try plan(name) else {
            throw MembershipError(
                .unknownPlan, "There is no plan ‘\(name)’.", remedy: "fortnight plan list shows the plans there are.")
        }
        return plan
    }

    /// Makes sure that sign-ups do not depend on a plan.
    ///
    /// - Throws: ``MembershipError`` with code `transition_forbidden`.
    func requireRetirable(_ name: Slug) throws(MembershipError) {
        guard name == DefaultPlan.name else { return }
        throw MembershipError(
            .transitionForbidden,
            "The plan ‘\(name)’ cannot be retired: trials are of it, and without it nobody could sign up.",
            remedy: "Publish another version of it; with --trial-days 0 there are no trials.")
    }
}

extension WriteTransaction {
    /// Writes the next version of a plan in the place of its draft, and the plan itself when it is not there.
    func writeVersion(
        _ terms: PlanTerms, of plan: Plan?, named name: Slug, isPublished: Bool
    ) throws -> PlanVersion {
        if plan == nil { try insertPlan(name) }
        if plan?.draft != nil { try deleteDraft(ofPlan: name) }
        let last = plan?.versions.last { $0.publishedAt != nil }?.version ?? 0
        let version = PlanVersion(plan: name, version: last + 1, terms: terms, publishedAt: isPublished ? now : nil)
        try insert(version)
        return version
    }

    /// Retires a plan.
    ///
    /// - Throws: ``MembershipError`` as ``ReadTransaction/requireRetirable(_:)``.
    func retire(_ name: Slug) throws {
        try requireRetirable(name)
        try retirePlan(name)
    }
}
