import Membership
import Testing

struct TimelineTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)

    private func event(_ kind: Event.Kind, _ sequence: Int64, day: Int, data: String = "{}", since: Int? = nil) -> Event
    {
        Event(
            accountID: Identifier(rawValue: 1), sequence: sequence, kind: kind, subscriptionID: nil,
            actor: Actor(stored: "operator:jo"), reason: "Asked", data: data, effectiveAt: start + .days(since ?? day),
            recordedAt: start + .days(day))
    }

    @Test func everythingStandsInTheOrderOfRecordingWithWhatFollowsBehind() throws {
        let grant = Grant(
            id: Identifier(rawValue: 1), entitlement: .allTitles, source: .gift,
            interval: Interval(from: start, until: start + .days(9)), recordedAt: start, voidedAt: start + .days(2),
            reason: "Won it")
        let payment = Payment(
            id: Identifier(rawValue: 1), subscriptionID: Identifier(rawValue: 1),
            amount: try Money(parsing: "9.99", currency: Currency(parsing: "EUR")), periods: 2, reference: "INV-1",
            actor: Actor(stored: "operator:jo"), recordedAt: start + .days(1))
        let messages = [
            SentMessage(message: .welcome, eventSequence: 1, createdAt: start, deliveredAt: start + .days(1)),
            SentMessage(
                message: .renewal, eventSequence: 2, createdAt: start + .days(1), deadAt: start + .days(3),
                lastError: "no such mailbox"),
        ]
        let timeline = TimelineEntry.timeline(
            events: [event(.accountCreated, 1, day: 0), event(.paymentRecorded, 2, day: 1)], grants: [grant],
            payments: [payment], messages: messages)
        #expect(
            timeline.map { $0.what.subject + " " + $0.what.name } == [
                "event account.created", "grant given", "message written", "event payment.recorded", "payment recorded",
                "message written", "message delivered", "grant voided", "message given_up",
            ])
        #expect(timeline[4].details == "9.99 EUR for 2 periods, reference INV-1")
        #expect(timeline[4].actor?.name == "operator:jo")
        #expect(timeline[1].reason == "Won it")
        #expect(timeline[8].details == "renewal: no such mailbox")
    }

    @Test func eventsOfOneMomentKeepTheirOrder() {
        let events = (1...9).map { event(.accountSuspended, Int64($0), day: 0) }
        let timeline = TimelineEntry.timeline(events: events, grants: [], payments: [], messages: [])
        #expect(timeline == events.map(TimelineEntry.init))
    }

    @Test func aLateEventSaysSinceWhenItHolds() {
        #expect(event(.trialEnded, 1, day: 3, since: 1).summary == "in force since \(start + .days(1))")
        #expect(event(.trialEnded, 1, day: 3).summary.isEmpty)
        #expect(event(.trialEnded, 1, day: 3, data: "no JSON").summary.isEmpty)
    }
}
