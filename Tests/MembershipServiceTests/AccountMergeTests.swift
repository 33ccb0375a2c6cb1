import Membership
@testable import MembershipService
import MembershipStore
import Testing
import TestSupport

struct AccountMergeTests {
    private struct Pair {
        let database: TestDatabase
        let from: Identifier<Account>
        let into: Identifier<Account>

        var accounts: AccountService { database.services.accounts }

        /// Two accounts, the first with a trial if wanted.
        init(fromTrial: Bool = false, intoTrial: Bool = false) async throws {
            database = try await TestDatabase.sandbox()
            let accounts = database.services.accounts
            from = try await accounts.signUp(
                email: email("work@example.com"), name: "Ada", wantsTrial: fromTrial
            ).account.id
            into = try await accounts.signUp(email: email("home@example.com"), wantsTrial: intoTrial).account.id
        }

        func merge() async throws -> AccountService.Merge {
            try await accounts.merge(.id(from), into: .id(into), reason: "Signed up twice")
        }

        func requireSound() async throws {
            let (from, into) = (from, into)
            let faults = try await database.store().read { tx in try [from, into].map { try tx.chainFault(of: $0) } }
            #expect(faults == [nil, nil])
            #expect(
                try await database.services.accounts.overview(.id(from)).grants.allSatisfy {
                    $0.interval.hasEnded(by: TestDatabase.start + .days(400)) && $0.interval.endsAt != nil
                })
        }
    }

    @Test func theAddressesOfBothLeadToTheOneThatIsLeft() async throws {
        let pair = try await Pair()
        let merge = try await pair.merge()
        #expect(merge.subscription == .none)
        #expect(try await pair.accounts.overview(.email(email("WORK@example.com"))).account.id == pair.into)
        #expect(try await pair.accounts.overview(.email(email("home@example.com"))).account.id == pair.into)
        let gone = try await pair.accounts.overview(.id(pair.from))
        #expect(gone.status == .merged)
        #expect(gone.account.email.isEmpty)
        #expect(gone.account.name == nil)
        #expect(gone.account.mergedInto == pair.into)
        let exists = try await failure { _ = try await pair.accounts.signUp(email: email("work+1@example.com")) }
        #expect(exists?.code == .accountExists)
        for account in [pair.from, pair.into] {
            let events = try await pair.database.store().read { try $0.events(of: account) }
            #expect(events.last?.kind == .accountMerged)
            #expect(events.last?.reason == "Signed up twice")
        }
        try await pair.requireSound()
    }

    @Test func commandsOnTheAccountThatIsGoneSayWhereItWent() async throws {
        let pair = try await Pair()
        _ = try await pair.merge()
        let (services, gone) = (pair.database.services, AccountReference.id(pair.from))
        let grant = try GrantService.NewGrant(
            entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "x")
        let refusals = [
            try await failure { _ = try await services.trials.start(gone) },
            try await failure { _ = try await services.accounts.suspend(gone, reason: "x") },
            try await failure { _ = try await services.accounts.reinstate(gone, reason: "x") },
            try await failure { _ = try await services.accounts.changeEmail(gone, to: email("new@example.com")) },
            try await failure { _ = try await services.accounts.export(gone) },
            try await failure { _ = try await services.accounts.erase(gone, reason: "x") },
            try await failure { _ = try await services.accounts.merge(gone, into: .id(pair.into), reason: "x") },
            try await failure { _ = try await services.accounts.merge(.id(pair.into), into: gone, reason: "x") },
            try await failure { _ = try await services.grants.add(gone, grant) },
        ]
        for refusal in refusals {
            #expect(refusal?.code == .accountErased)
            #expect(refusal?.message.contains(pair.into.description) == true)
        }
        let same = try await failure {
            _ = try await services.accounts.merge(
                .email(email("work@example.com")), into: .email(email("home@example.com")), reason: "again")
        }
        #expect(same?.code == .invalidInput)
    }

    @Test func whatWasGivenByHandIsGivenToTheOneThatIsLeft() async throws {
        let pair = try await Pair()
        let grants = pair.database.services.grants
        func add(_ from: Timestamp?, _ until: Timestamp?, _ why: String) async throws -> Grant {
            try await grants.add(
                .id(pair.from),
                .init(entitlement: .allTitles, source: .complimentary, from: from, until: until, reason: why))
        }
        let start = TestDatabase.start
        let live = try await add(start, nil, "Writes for us")
        let future = try await add(start + .days(100), start + .days(200), "Later")
        let past = try await add(start, start + .days(1), "Over")
        _ = try await pair.database.services.clock.advance(by: .days(2))
        let merge = try await pair.merge()
        #expect(merge.grants.map(\.interval) == [live.interval, future.interval])
        #expect(merge.grants.map(\.reason) == ["Writes for us", "Later"])
        #expect(merge.grants.map(\.source) == [.complimentary, .complimentary])
        #expect(try await pair.accounts.overview(.id(pair.into)).grants == merge.grants)
        #expect(try await pair.accounts.overview(.id(pair.from)).grants.map(\.id) == [past.id])
        try await pair.requireSound()
    }

    @Test func aTrialGoesOnWithTheOneThatIsLeft() async throws {
        let pair = try await Pair(fromTrial: true)
        let article = try await pair.database.addArticle()
        _ = try await pair.database.services.clock.advance(by: .days(5))
        let before = try await pair.database.services.subscriptions.show(.id(pair.from))
        let merge = try await pair.merge()
        #expect(merge.subscription == .moved)
        let after = try await pair.database.services.subscriptions.show(.id(pair.into))
        #expect(after.id != before.id)
        #expect(after.status == .trialing)
        #expect(after.trialStart == before.trialStart)
        #expect(after.trialEnd == before.trialEnd)
        #expect(try await pair.database.services.subscriptions.show(.id(pair.from)).status == .canceled)
        let access = pair.database.services.access
        #expect(try await access.check(reader: .account(.id(pair.into)), article: article).decision.allowed)
        let gone = try await failure { _ = try await access.check(reader: .account(.id(pair.from)), article: article) }
        #expect(gone?.code == .accountErased)
        // It was her one trial.
        _ = try await pair.database.services.clock.advance(by: .days(9))
        let second = try await failure { _ = try await pair.database.services.trials.start(.id(pair.into)) }
        #expect(second?.code == .trialTaken)
        // She is told of no end that is none, and not twice of anything.
        let messages = try await pair.database.store().read { [from = pair.from] in try $0.messages(to: from) }
        #expect(messages.isEmpty)
        #expect(try await pair.database.rowCount("outbox WHERE due_at IS NOT NULL") == 1)
        try await pair.requireSound()
    }

    @Test func whatWasPaidForGoesOnWithAllThatItHas() async throws {
        let pair = try await Pair()
        let plan = try await pair.database.addPaidPlan()
        let paid = try await pair.database.subscribe(pair.from, to: plan, months: 3, reference: "r-1")
        _ = try await pair.database.services.subscriptions.cancel(.id(pair.from), now: false, .init())
        _ = try await pair.merge()
        let moved = try await pair.database.services.subscriptions.show(.id(pair.into))
        #expect(moved.paidUntil == paid.paidUntil)
        #expect(moved.cancelAtPeriodEnd)
        #expect(moved.accountID == pair.into)
        // What came in stays where it was recorded.
        #expect(try await pair.database.services.payments.list(.id(pair.from)).count == 1)
        #expect(try await pair.database.services.payments.list(.id(pair.into)).isEmpty)
        _ = try await pair.database.services.subscriptions.resume(.id(pair.into), .init())
        try await pair.requireSound()
    }

    @Test func aPausedSubscriptionStaysPaused() async throws {
        let pair = try await Pair()
        let plan = try await pair.database.addPaidPlan()
        try await pair.database.subscribe(pair.from, to: plan, reference: "r-1")
        _ = try await pair.database.services.subscriptions.pause(.id(pair.from), until: nil, .init())
        _ = try await pair.merge()
        #expect(try await pair.database.services.subscriptions.show(.id(pair.into)).status == .paused)
        #expect(try await pair.database.services.subscriptions.resume(.id(pair.into), .init()).status == .active)
        try await pair.requireSound()
    }

    @Test func ofTwoSubscriptionsTheRestOfOneIsGiven() async throws {
        let pair = try await Pair(intoTrial: true)
        let plan = try await pair.database.addPaidPlan()
        let paid = try await pair.database.subscribe(pair.from, to: plan, reference: "r-1")
        _ = try await pair.database.services.clock.advance(by: .days(3))
        let merge = try await pair.merge()
        #expect(merge.subscription == .ended)
        let trialEnd = TestDatabase.start + .days(14)
        let end = try #require(paid.currentPeriodEnd)
        let left = end - (TestDatabase.start + .days(3))
        #expect(merge.grants.map(\.interval) == [Interval(from: trialEnd, until: trialEnd + left)])
        #expect(merge.grants.map(\.source) == [.purchase])
        #expect(try await pair.database.services.subscriptions.show(.id(pair.into)).status == .trialing)
        #expect(try await pair.database.services.subscriptions.show(.id(pair.from)).status == .canceled)
        try await pair.requireSound()
    }

    @Test(arguments: [true, false]) func whatThreeAccountsHavePaidIsGivenOneAfterTheOther(isChain: Bool) async throws {
        let pair = try await Pair()
        let (database, accounts) = (pair.database, pair.accounts)
        let plan = try await database.addPaidPlan()
        let third = try await accounts.signUp(email: email("third@example.com"), wantsTrial: false).account.id
        for (number, account) in [pair.from, pair.into, third].enumerated() {
            try await database.subscribe(account, to: plan, reference: "r-\(number)")
        }
        _ = try await accounts.merge(.id(pair.from), into: .id(isChain ? third : pair.into), reason: "One person")
        _ = try await accounts.merge(.id(third), into: .id(pair.into), reason: "One person")
        let grants = try await accounts.overview(.id(pair.into)).grants.filter { $0.source != .grace }
            .sorted { $0.interval.startsAt < $1.interval.startsAt }
        // Three months of January's length.
        let months = (0...3).map { TestDatabase.start + .days(31 * $0) }
        #expect(grants.map(\.interval) == zip(months, months.dropFirst()).map { Interval(from: $0, until: $1) })
    }

    @Test func aReminderThatHasNotLeftIsWrittenAnew() async throws {
        let pair = try await Pair(fromTrial: true)
        let services = pair.database.services
        _ = try await services.clock.advance(by: .days(12))
        #expect(try await services.jobs.run("trial-reminder").processed == 1)
        _ = try await pair.merge()
        #expect(try await services.jobs.run("trial-reminder").processed == 1)
        let told = try await pair.database.store().read { [into = pair.into] in try $0.messages(to: into) }
        #expect(told == [.welcome, .trialEnding])
    }

    @Test(arguments: [true, false]) func aWarningThatHasNotLeftIsWrittenAnew(isRecorded: Bool) async throws {
        let pair = try await Pair()
        let services = pair.database.services
        let plan = try await pair.database.addPaidPlan()
        try await pair.database.subscribe(pair.from, to: plan, reference: "r-1")
        _ = try await services.clock.advance(by: .days(32))
        if isRecorded { #expect(try await services.jobs.run("renewal").processed == 1) }
        _ = try await pair.merge()
        let (from, into) = (pair.from, pair.into)
        let told = try await pair.database.store().read { tx in
            try [from, into].map { try tx.messages(to: $0) }
        }
        #expect(told[1] == [.welcome, .paymentOverdue])
        #expect(!told[0].contains(.paymentOverdue))
        // It says of her debt what it would have said, with the price in what she paid in with the other account.
        let warning = try #require(
            try await services.outbox.list(.due, limit: PageLimit(9)).messages.last { $0.message == .paymentOverdue })
        let letter = try await pair.database.store().read { tx in try tx.letterFacts(of: warning) }
        #expect(letter.subscription?.status == .pastDue && letter.currency?.code == "EUR")
        try await pair.requireSound()
    }

    @Test func aWarningThatHasLeftIsNotWrittenAgain() async throws {
        let pair = try await Pair()
        let services = pair.database.services
        let plan = try await pair.database.addPaidPlan()
        try await pair.database.subscribe(pair.from, to: plan, reference: "r-1")
        _ = try await services.clock.advance(by: .days(32))
        _ = try await services.jobs.run("renewal")
        try await pair.database.engine().write { sql in
            try sql.runScript("UPDATE outbox SET due_at = NULL, delivered_at = created_at")
        }
        _ = try await pair.merge()
        let told = try await pair.database.store().read { [into = pair.into] in try $0.messages(to: into) }
        #expect(told == [.welcome])
    }

    @Test func aMergeIsToldAsOneInTheTimeline() async throws {
        let pair = try await Pair(fromTrial: true)
        _ = try await pair.merge()
        let lines = try await pair.database.services.history.timeline(.id(pair.into))
        let merge = try #require(lines.last { $0.what == .event(.accountMerged) })
        #expect(merge.details.hasPrefix("trialing, "))
    }

    @Test func aTrialThatIsOverUnrecordedIsNotCarried() async throws {
        let pair = try await Pair(fromTrial: true, intoTrial: true)
        _ = try await pair.database.services.clock.advance(by: .days(14))
        let merge = try await pair.merge()
        #expect(merge.subscription == .none)
        #expect(merge.grants.isEmpty)
        #expect(try await pair.database.services.subscriptions.show(.id(pair.from)).status == .expired)
    }

    @Test func whoWasKeptOutStaysOut() async throws {
        let pair = try await Pair()
        _ = try await pair.accounts.suspend(.id(pair.from), reason: "Shared")
        _ = try await pair.merge()
        #expect(try await pair.accounts.overview(.id(pair.into)).status == .suspended)
        #expect(try await pair.accounts.overview(.id(pair.from)).status == .merged)
        _ = try await pair.accounts.reinstate(.id(pair.into), reason: "Cleared up")
        try await pair.requireSound()
    }

    /// One who has had a trial is found by what is left of it.
    @Test(arguments: [true, false]) func nobodyIsLetInByAnAccountThatIsGone(withTrial: Bool) async throws {
        let pair = try await Pair(fromTrial: withTrial)
        let (database, access) = (pair.database, pair.database.services.access)
        let article = try await database.addArticle(access: .registered)
        let moment = TestDatabase.start
        _ = try await database.services.clock.advance(by: .days(1))
        _ = try await pair.accounts.suspend(.id(pair.from), reason: "Shared")
        _ = try await pair.merge()
        let erased = try await pair.accounts.signUp(email: email("gone@example.com"), wantsTrial: withTrial).account.id
        _ = try await database.services.clock.advance(by: .hours(1))
        _ = try await pair.accounts.erase(.id(erased), reason: "Asked for")
        for account in [pair.from, erased] {
            let reader = ReaderReference.account(.id(account))
            #expect(try await database.store().read { try $0.grants(of: account).isEmpty } != withTrial)
            for later in [nil, moment + .days(2), moment + .days(9)] {
                let asked = AccessService.Moment(at: later)
                let one = try await failure { _ = try await access.check(reader: reader, article: article, asked) }
                let why = try await failure { _ = try await access.explain(reader: reader, article: article, asked) }
                #expect(one?.code == .accountErased && why?.code == .accountErased)
                let many = try await access.check(
                    [
                        .init(reader: reader, article: article), .init(reader: .anonymous, article: article),
                        .init(reader: reader, article: try ArticleReference(parsing: "golem/none")),
                    ], asked)
                #expect(many.map(\.code) == [.accountErased, nil, .unknownArticle])
            }
        }
        // What held before holds for ever.
        let reader = ReaderReference.account(.id(pair.from))
        #expect(try await access.check(reader: reader, article: article, .init(at: moment)).decision.allowed)
        #expect(try await access.check(reader: reader, article: article, .init(knownAt: moment)).decision.allowed)
    }

    @Test(arguments: [true, false]) func whoeverHasHadATrialHasHadItByEachOfHerAddresses(isOfFirst: Bool) async throws {
        let pair = try await Pair(fromTrial: isOfFirst, intoTrial: !isOfFirst)
        let accounts = pair.accounts
        _ = try await pair.merge()
        _ = try await accounts.changeEmail(.id(pair.into), to: email("new@example.com"))
        _ = try await accounts.erase(.id(pair.into), reason: "Asked for")
        for address in ["work@example.com", "home@example.com", "new@example.com"] {
            let again = try await accounts.signUp(email: email(address))
            #expect(again.subscription == nil && again.trial == .taken, "\(address)")
        }
    }

    @Test func mergingAgainGathersAll() async throws {
        let pair = try await Pair()
        _ = try await pair.merge()
        let last = try await pair.accounts.signUp(email: email("last@example.com"), wantsTrial: false).account.id
        _ = try await pair.accounts.merge(.id(pair.into), into: .id(last), reason: "And again")
        #expect(try await pair.accounts.overview(.id(pair.from)).account.mergedInto == last)
        for address in ["work@example.com", "home@example.com", "last@example.com"] {
            #expect(try await pair.accounts.overview(.email(email(address))).account.id == last)
        }
        // One of her own addresses may become the one she is written to at.
        _ = try await pair.accounts.changeEmail(.id(last), to: email("home@example.com"))
        let emails = try await pair.database.store().read { try $0.canonicalEmails(of: last) }
        #expect(emails == ["home@example.com", "work@example.com"])
    }
}

extension Result<AccessService.Answer, MembershipError> {
    fileprivate var code: MembershipError.Code? {
        guard case .failure(let error) = self else { return nil }
        return error.code
    }
}
