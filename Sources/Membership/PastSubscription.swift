import Foundation

/// What is to be said of an account's subscription at a moment of the past, or of the time ahead.
public enum PastSubscription: Equatable, Sendable {
    /// It had none.
    case none
    /// It had one, but the events of that time do not say what it was: they are from before events held it.
    case unrecorded
    /// As it was.
    case known(Subscription)

    /// The subscription at a moment, as it was known at another.
    ///
    /// What had not been recorded by then does not count, and what had not yet taken effect at the moment does not
    /// either. Between two events, and after the last, the clock says what it was.
    ///
    /// - Parameters:
    ///   - events: those of one account, in order.
    ///   - version: the version of a plan that a name and a number stand for.
    package init(
        events: [Event], at moment: Timestamp, knownAt known: Timestamp,
        version: (_ plan: Slug, _ version: Int) throws -> PlanVersion
    ) throws {
        let believed = events.filter {
            $0.subscriptionID != nil && $0.recordedAt <= known && $0.effectiveAt <= moment
        }
        for event in believed.reversed() {
            guard let snapshot = event.details.subscription else { continue }
            guard let subscription = try snapshot.subscription(of: event.accountID, version: version) else {
                throw MembershipError(
                    .databaseDamaged, "Event \(event.sequence) of \(event.accountID) holds no subscription.",
                    remedy: "Run fortnight events verify --account \(event.accountID).")
            }
            self = .known(subscription.advanced(to: moment))
            return
        }
        self = believed.isEmpty ? .none : .unrecorded
    }
}

/// What stands in the data of an event, as far as people and programs of ours ask for it.
package struct EventDetails: Decodable, Equatable, Sendable {
    /// The status before it. Of a merge it has been the account that was merged.
    package var from: String?
    /// Which step of the state machine it was.
    package var transition: String?
    /// The subscription after it.
    package var subscription: SubscriptionSnapshot?
}

extension Event {
    /// What its data says; nothing when that cannot be read.
    package var details: EventDetails {
        (try? JSONDecoder().decode(EventDetails.self, from: Data(data.utf8))) ?? EventDetails()
    }
}
