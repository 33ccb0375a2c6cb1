import Membership
import MembershipService
import Testing
import TestSupport

/// What a host can build of numbers, and no parser has looked at, is refused with its value; nothing of it is kept.
struct HostValuesTests {
    private func refusal(_ body: () async throws -> Void) async -> MembershipError? {
        do {
            try await body()
            return nil
        } catch { return error as? MembershipError }
    }

    @Test func aRuleThatCouldNotBeReadAgainIsNotWritten() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle()
        var changes: [RuleChange] = []
        for span in [TimeSpan(milliseconds: 0), .hours(-1), .days(36_501), TimeSpan(milliseconds: .max)] {
            for key in [\RuleChange.freeFor, \.freeAfter] {
                var change = RuleChange()
                change.access = .premium
                change[keyPath: key] = .set(span)
                changes.append(change)
            }
        }
        for teaser in [TeaserLength.percent(80), .percent(-1), .paragraphs(51), .paragraphs(.max)] {
            var change = RuleChange()
            change.teaser = .set(teaser)
            changes.append(change)
        }
        for moment in [Int64.min, .max, 253_402_300_800_000] {
            var change = RuleChange()
            change.embargoUntil = .set(Timestamp(milliseconds: moment))
            changes.append(change)
        }
        for change in changes {
            let error = await refusal { _ = try await database.services.rules.set(.everything, change, .init()) }
            #expect(error?.code == .invalidInput, "\(change)")
            #expect(error?.remedy != nil)
        }
        for moment in [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
            #expect(throws: MembershipError.self) { try RuleService.Edit(from: moment) }
            #expect(throws: MembershipError.self) { try RuleService.Edit(until: moment) }
        }
        #expect(try await database.services.rules.list().isEmpty)
    }

    @Test(arguments: [-1, 1_000_000_000_001, Int64.max])
    func anAmountThatCannotBeAddedUpIsNoPriceAndNoPayment(minor: Int64) async throws {
        let amount = Money(amountMinor: minor, currency: try Currency(parsing: "EUR"))
        for body in [
            { _ = try PlanTerms(prices: [amount], trialDays: 0, graceDays: 0, entitlements: [.allTitles]) },
            { _ = try NewPayment(amount: amount, reference: "INV-1", periods: 1) },
        ] {
            let error = await refusal { try body() }
            #expect(error?.code == .invalidInput)
            #expect(error?.message.contains("\(amount)") == true, "\(error?.message ?? "")")
        }
    }

    @Test func aClockIsNotMovedBeyondItsEndByAnyLength() async throws {
        let database = try await TestDatabase.sandbox()
        for span in [TimeSpan(milliseconds: .max), .days(.max), .days(36_500)] {
            let error = await refusal { _ = try await database.services.clock.advance(by: span) }
            #expect(error?.code == .invalidInput, "\(span)")
        }
        let error = await refusal { _ = try await database.services.clock.advance(by: TimeSpan(milliseconds: .min)) }
        #expect(error?.code == .clockBackwards)
        #expect(try await database.services.clock.read().now == TestDatabase.start)
    }

    @Test func aGrantOfATimeThatCannotBeWrittenIsNone() async throws {
        for moment in [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
            for (start, end) in [(moment, nil), (nil, moment)] as [(Timestamp?, Timestamp?)] {
                let error = await refusal {
                    _ = try GrantService.NewGrant(
                        entitlement: .allTitles, source: .gift, from: start, until: end, reason: "A prize")
                }
                #expect(error?.code == .invalidInput)
            }
        }
    }

    @Test func whatWillBeKnownIsNotTold() async throws {
        let database = try await TestDatabase.sandbox()
        let ada = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com")).account
        let ahead = TestDatabase.start + .days(1)
        let error = await refusal {
            _ = try await database.services.grants.list(.id(ada.id), knownAt: ahead)
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("\(ahead)") == true)
    }

    @Test(arguments: [-1, 366, Int.max])
    func daysOfReminderOutsideOfAYearAreRefusedWhereTheDatabaseIsOpened(days: Int) async throws {
        let database = try await TestDatabase.sandbox()
        var options = Services.Options()
        options.trialReminderDays = days
        let error = await refusal { _ = try await Services.open(database.location, options: options) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("\(days)") == true)
    }

    @Test func checksOfTheFarthestMomentsAreAnswered() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        for moment in [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
            let answer = try await database.services.access.check(
                reader: .anonymous, article: article, .init(at: moment))
            #expect(!answer.decision.allowed)
        }
    }
}
