import Membership
import Testing

struct EventFilterTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)

    @Test func aKindIsNamedByItselfOrByItsFamily() throws {
        #expect(try Event.KindPattern(parsing: "trial.ended") == .one(.trialEnded))
        #expect(try Event.KindPattern(parsing: "trial.") == .family("trial."))
        for text in ["", ".", "trial", "tria.", "trial.gone", "TRIAL.", "trial.ended.", "%"] {
            let error = #expect(throws: MembershipError.self) { try Event.KindPattern(parsing: text) }
            #expect(error?.code == .invalidInput)
            #expect(error?.message.contains("‘\(text)’") == true)
            #expect(error?.remedy?.contains("subscription.") == true)
        }
    }

    @Test func timesThatHoldNothingAreRefused() throws {
        _ = try EventFilter(since: start, until: start + TimeSpan(milliseconds: 1))
        #expect(throws: MembershipError.self) { try EventFilter(since: start, until: start) }
        #expect(throws: MembershipError.self) { try EventFilter(since: start + .days(1), until: start) }
    }

    @Test func aPlaceIsReadAsItIsWritten() throws {
        let place = EventPlace(
            recordedAt: start + TimeSpan(milliseconds: 7), account: Identifier(rawValue: 1 << 61), sequence: 12)
        #expect(try EventPlace(parsing: place.description) == place)
        let account = place.account.description
        for text in [
            "", "x", "\(start)/\(account)", "\(start)/\(account)/0", "\(start)/\(account)/1/2", "x/\(account)/1",
        ] {
            #expect(throws: MembershipError.self) { try EventPlace(parsing: text) }
        }
    }

    @Test func placesAreOrderedByTimeThenAccountThenNumber() {
        func place(_ day: Int, _ account: Int64, _ sequence: Int64) -> EventPlace {
            EventPlace(recordedAt: start + .days(day), account: Identifier(rawValue: account), sequence: sequence)
        }
        let ordered = [place(0, 9, 9), place(1, 1, 2), place(1, 1, 10), place(1, 2, 1), place(2, 0, 1)]
        #expect(ordered.shuffled().sorted() == ordered)
    }
}
