/// Everything a decision rests on, gathered before it is made.
package struct AccessFacts: Sendable {
    /// In one place, because a decision looks at them from many.
    private var gathered: Gathered

    private final class Gathered: Sendable {
        let ruled: RuledArticle
        let reader: ReaderFacts
        let offer: OfferFacts?

        init(_ ruled: RuledArticle, _ reader: ReaderFacts, _ offer: OfferFacts?) {
            self.ruled = ruled
            self.reader = reader
            self.offer = offer
        }
    }

    /// Which article, and the rules it is under.
    package var ruled: RuledArticle { gathered.ruled }
    /// Who asks.
    package var reader: ReaderFacts { gathered.reader }
    /// What only those decisions need that no grant and no rule makes alone; nil while it has not been gathered.
    package var offer: OfferFacts? {
        get { gathered.offer }
        set { gathered = Gathered(ruled, reader, newValue) }
    }

    /// Which article.
    package var article: Article { ruled.article }
    /// The rules of the article, its section, its title and everything, whatever their interval.
    package var rules: [AccessRule] { ruled.rules }

    /// Brings the facts together.
    package init(article: Article, rules: [AccessRule], reader: ReaderFacts, offer: OfferFacts? = nil) {
        self.init(RuledArticle(article, rules: rules), reader: reader, offer: offer)
    }

    /// Brings the facts together.
    package init(_ ruled: RuledArticle, reader: ReaderFacts, offer: OfferFacts? = nil) {
        gathered = Gathered(ruled, reader, offer)
    }

    /// Whether the article can be metered at any time, as far as the rules go.
    package var canBeMetered: Bool { ruled.canBeMetered }
}

/// What is known of whoever asks.
package enum ReaderFacts: Sendable {
    /// Somebody of whom nothing is known.
    case anonymous
    /// Somebody who has not signed in, and is known by an id; the zone is the one whose months the meter follows.
    case visitor(VisitorID, zone: Zone)
    /// A person with an account.
    case account(AccountFacts)
}

/// What is known of an account.
package final class AccountFacts: Sendable {
    /// Which account.
    package let id: Identifier<Account>
    /// Since when there is one; now, where nothing before it is asked about, so that it is not to be shown.
    package let createdAt: Timestamp
    /// Whose months the meter follows; nil where that is to be looked up when a meter is asked.
    package let timeZone: String?
    /// Every suspension, past and present.
    package let suspensions: [Suspension]
    /// Every grant that has not been voided, whatever its interval.
    package let grants: [Grant]

    /// Brings the facts together.
    package init(
        id: Identifier<Account>, createdAt: Timestamp, timeZone: String? = Zone.utc.name, suspensions: [Suspension],
        grants: [Grant]
    ) {
        self.id = id
        self.createdAt = createdAt
        self.timeZone = timeZone
        self.suspensions = suspensions
        self.grants = grants
    }
}

/// What a reader has spent, and what could be had.
package final class OfferFacts: Sendable {
    /// The zone whose months the meter follows; UTC where nothing can be metered.
    package let zone: Zone
    /// The metered articles that the reader opened in the month that is asked about, none after the moment that is.
    package let reads: [MeteredRead]
    /// The subscription that has not ended, as it was recorded.
    package let subscription: Subscription?
    /// The free days that the reader could begin; 0 when there are none, or the reader has had them.
    package let trialDays: Int
    /// The plans that one can subscribe to, and what each gives.
    package let plans: [PlanOffer]

    /// Brings the facts together.
    package init(
        zone: Zone = .utc, reads: [MeteredRead] = [], subscription: Subscription? = nil, trialDays: Int = 0,
        plans: [PlanOffer] = []
    ) {
        self.zone = zone
        self.reads = reads
        self.subscription = subscription
        self.trialDays = trialDays
        self.plans = plans
    }
}

extension OfferFacts {
    /// Nothing spent, and nothing to be had.
    package static let nothing = OfferFacts()
}

/// A plan that one can subscribe to.
package struct PlanOffer: Hashable, Sendable {
    /// Its name.
    package let plan: Slug
    /// What its newest version gives.
    package let entitlements: [Entitlement]

    /// Makes one.
    package init(plan: Slug, entitlements: [Entitlement]) {
        self.plan = plan
        self.entitlements = entitlements
    }
}
