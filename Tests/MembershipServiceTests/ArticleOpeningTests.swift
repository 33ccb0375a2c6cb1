import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct ArticleOpeningTests {
    // MARK: - The meter

    @Test func checkNeverSpendsAndOpenDoes() async throws {
        let room = try await Newsroom(allowance: 2)
        for _ in 0..<5 { #expect(try await room.check("golem/a-1").verdict.meter?.left == 2) }
        #expect(try await room.readCount == 0)
        let opening = try await room.open("golem/a-1")
        #expect(opening.answer.decision.reason == .metered)
        #expect(opening.read?.meter == .title(try Slug(parsing: "golem")))
        #expect(opening.read?.admittedBy == .metered)
        #expect(!opening.isRetry)
        #expect(try await room.check("golem/a-2").verdict.meter?.left == 1)
        guard case .whole(let content) = opening.content else { return #expect(Bool(false), "\(opening.content)") }
        #expect(content.bodyHTML.contains("And the rest"))
    }

    @Test(arguments: ["a right ends", "a month ends"])
    func aRetryThatOnlyTheMeterLetsInSpendsIt(change: String) async throws {
        let room = try await Newsroom(allowance: 1)
        if change == "a right ends" {
            let grant = try await room.services.grants.add(
                room.ada,
                .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "A week"))
            for number in 1...3 { _ = try await room.open("golem/a-\(number)", key: "k-\(number)") }
            _ = try await room.services.grants.void(room.ada, grant: grant.id, reason: "Over")
        } else {
            _ = try await room.services.clock.set(to: Timestamp(rfc3339: "2026-01-31T20:00:00Z"))
            #expect(try await room.open("golem/a-1", key: "k-1").answer.decision.reason == .metered)
            _ = try await room.services.clock.set(to: Timestamp(rfc3339: "2026-02-01T04:00:00Z"))
        }
        let before = try await room.readCount
        let spent = try await room.open("golem/a-1", key: "k-1")
        #expect(spent.answer.decision.reason == .metered)
        #expect(!spent.isRetry && spent.read?.admittedBy == .metered && spent.read?.clientKey == nil)
        #expect(try await room.readCount == before + 1)
        // It has been spent now: the same again is the read under the key, and nothing else is let in.
        let again = try await room.open("golem/a-1", key: "k-1")
        #expect(again.isRetry && again.answer.decision.reason == .openedBefore)
        #expect(again.read?.clientKey != nil)
        #expect(try await room.readCount == before + 1)
        #expect(try await room.open("golem/a-2", key: "k-2").answer.decision.reason == .meterExhausted)
    }

    /// Where what an article says is read before an opening is decided, nobody is given what has been replaced by then.
    @Test(arguments: ["an editor's words", "a rule", "nothing"])
    func whatWasReadBeforeCountsWhileNothingThatIsPublishedHasChanged(change: String) async throws {
        let room = try await Newsroom()
        let (store, article) = (try await room.database.store(), try ArticleReference(parsing: "golem/a-1"))
        let known = try await store.read { tx in try tx.content(of: tx.article(article).id) }
        switch change {
        case "an editor's words": _ = try await room.services.articles.edit(article, summary: "Corrected.")
        case "a rule": try await room.setMeter(.everything, registered: 9, anonymous: 9)
        default: try await room.open("golem/a-2")
        }
        // What has not changed is told from what was read again by a mark that only the file has, and nothing counts.
        try await room.database.engine().write { sql in
            if store.engine.hasOneWriter { try sql.runScript("DROP TRIGGER catalog_article_contents_update") }
            _ = try sql.run("UPDATE article_contents SET author = 'Read again'", [])
        }
        let content = try await store.write { tx in
            try tx.content(of: tx.article(article).id, known: known).content
        }
        #expect((content.author == "Read again") == (change != "nothing" || !store.engine.hasOneWriter))
        let other = try await store.write { tx in
            try tx.content(of: tx.article(ArticleReference(parsing: "golem/a-3")).id, known: known).content
        }
        #expect(other.author == "Read again")
    }

    /// By hand, past the program, as one who has to take something down at once may do.
    @Test func aTextThatIsChangedByHandIsGivenAtOnce() async throws {
        let room = try await Newsroom()
        for text in ["<p>First.</p>", "<p>Second.</p>", "<p>Third.</p>"] {
            try await room.database.engine().write { sql in
                _ = try sql.run("UPDATE article_contents SET body_html = $1", [text])
            }
            for _ in 0..<2 {
                guard case .whole(let content) = try await room.open("golem/a-1").content else {
                    return #expect(Bool(false), "\(text)")
                }
                #expect(content.bodyHTML == text)
            }
        }
    }

    @Test func eachArticleCountsOnceAMonthAndStaysOpenWhenAllIsSpent() async throws {
        let room = try await Newsroom(allowance: 2)
        try await room.open("golem/a-1")
        #expect(try await room.open("golem/a-1").answer.decision.reason == .openedBefore)
        #expect(try await room.open("golem/a-2").answer.decision.reason == .metered)
        let third = try await room.open("golem/a-3")
        #expect(third.answer.decision.reason == .meterExhausted)
        #expect(third.read == nil)
        for article in ["golem/a-1", "golem/a-2"] {
            let again = try await room.open(article)
            #expect(again.answer.decision.reason == .openedBefore)
            #expect(again.read?.admittedBy == .openedBefore && again.read?.meter == nil)
        }
        #expect(try await room.readCount == 5)
    }

    @Test(arguments: [
        // 1 February in Berlin begins an hour before it does in UTC; Auckland is 13 hours ahead.
        ("Europe/Berlin", "2026-01-31T22:59:59.999Z", "2026-01-31T23:00:00Z"),
        ("Pacific/Auckland", "2026-01-31T10:59:59.999Z", "2026-01-31T11:00:00Z"),
        ("America/Los_Angeles", "2026-02-01T07:59:59.999Z", "2026-02-01T08:00:00Z"),
        // Months in which the clocks were put forward or back.
        ("Europe/Berlin", "2026-03-31T21:59:59.999Z", "2026-03-31T22:00:00Z"),
        ("Europe/Berlin", "2026-10-31T22:59:59.999Z", "2026-10-31T23:00:00Z"),
        ("Pacific/Auckland", "2026-04-30T11:59:59.999Z", "2026-04-30T12:00:00Z"),
    ])
    func theNextMonthOfTheReadersZoneStartsAnew(zone: String, last: String, first: String) async throws {
        let room = try await Newsroom(allowance: 1, anonymous: 1, zone: zone)
        let visitor = ReaderReference.visitor(room.visitor, zone: try Zone(parsing: zone))
        try await room.move(to: last)
        for reader in [ReaderReference.account(room.ada), visitor] {
            try await room.open("golem/a-1", as: reader)
            let denied = try await room.open("golem/a-2", as: reader).answer.decision
            #expect(denied.reason == .meterExhausted)
            #expect(denied.waitUntil == (try Timestamp(rfc3339: first)))
        }
        try await room.move(to: first)
        for reader in [ReaderReference.account(room.ada), visitor] {
            // What was open by the meter of the old month is metered again.
            #expect(try await room.check("golem/a-1", as: reader).reason == .metered)
            #expect(try await room.open("golem/a-2", as: reader).answer.decision.reason == .metered)
            #expect(try await room.open("golem/a-1", as: reader).answer.decision.reason == .meterExhausted)
        }
    }

    @Test func visitorsAndAccountsHaveAllowancesOfTheirOwn() async throws {
        let room = try await Newsroom(allowance: 3, anonymous: 1)
        let other = ReaderReference.visitor(try VisitorID(parsing: "another-visitor-0001"))
        try await room.open("golem/a-1", as: .visitor(room.visitor))
        #expect(try await room.open("golem/a-2", as: .visitor(room.visitor)).read == nil)
        #expect(try await room.open("golem/a-2", as: other).read != nil)
        for number in 1...3 { #expect(try await room.open("golem/a-\(number)").read != nil) }
        #expect(try await room.open("golem/a-4").read == nil)
    }

    @Test func aTitleHasAMeterOfItsOwnAndTheOthersShareOne() async throws {
        let room = try await Newsroom(allowance: 1)
        for title in ["north", "south"] { try await room.add(3, to: title) }
        try await room.setMeter(.everything, registered: 2, anonymous: 0)
        #expect(try await room.open("golem/a-1").read?.meter == .title(try Slug(parsing: "golem")))
        #expect(try await room.open("golem/a-2").read == nil)
        #expect(try await room.open("north/a-1").read?.meter == .everything)
        #expect(try await room.open("south/a-1").read?.meter == .everything)
        #expect(try await room.open("south/a-2").read == nil)
        #expect(try await room.open("north/a-2").read == nil)
    }

    @Test func aVisitorWhoSignsUpKeepsWhatWasSpent() async throws {
        let room = try await Newsroom(allowance: 3, anonymous: 2)
        try await room.open("golem/a-1", as: .visitor(room.visitor))
        try await room.open("golem/a-2", as: .visitor(room.visitor))
        try await room.wait(.minutes(1))
        let eve = ReaderReference.account(.id(try await room.signUp("eve@example.com", visitor: room.visitor)))
        #expect(try await room.check("golem/a-3", as: eve).verdict.meter?.left == 1)
        #expect(try await room.open("golem/a-1", as: eve).answer.decision.reason == .openedBefore)
        // What somebody reads later without signing in is not hers.
        try await room.wait(.minutes(1))
        try await room.setMeter(.title(Slug(parsing: "golem")), registered: 3, anonymous: 3)
        #expect(try await room.open("golem/a-5", as: .visitor(room.visitor)).read != nil)
        #expect(try await room.check("golem/a-3", as: eve).verdict.meter?.left == 1)
        #expect(try await room.open("golem/a-3", as: eve).read != nil)
        #expect(try await room.open("golem/a-4", as: eve).read == nil)
        // Nor is anything of it somebody else's.
        #expect(try await room.check("golem/a-3").verdict.meter?.spent == 0)
    }

    /// A tablet in a kitchen: two people sign up on it, one after the other.
    @Test func whoSignsUpAsTheSameVisitorLaterHasOnlyWhatWasReadSince() async throws {
        let room = try await Newsroom(allowance: 4, anonymous: 8)
        func account(_ name: String) async throws -> AccountReference {
            .id(try await room.signUp(name + "@example.com", visitor: room.visitor))
        }
        func export(_ account: AccountReference) async throws -> [String?] {
            try await room.services.accounts.export(account).visitors.flatMap(\.reads).map { $0.key?.slug.text }
        }
        for number in 1...2 { try await room.open("golem/a-\(number)", as: .visitor(room.visitor)) }
        // What is read at the very moment is that of the first.
        let bea = try await account("bea")
        let none = try await account("none")
        try await room.wait(.minutes(1))
        try await room.open("golem/a-3", as: .visitor(room.visitor))
        try await room.wait(.minutes(1))
        let cleo = try await account("cleo")
        for (reader, articles) in [(bea, ["a-1", "a-2"]), (none, []), (cleo, ["a-3"])] {
            #expect(try await export(reader) == articles)
            #expect(try await room.check("golem/a-8", as: .account(reader)).verdict.meter?.spent == articles.count)
            for article in ["a-1", "a-2", "a-3"] {
                let reason: AccessDecision.Reason = articles.contains(article) ? .openedBefore : .metered
                #expect(try await room.check("golem/" + article, as: .account(reader)).reason == reason)
            }
        }
        // The first is erased: what she read does not become somebody else's, whoever signs up when.
        _ = try await room.services.accounts.erase(bea, reason: "Asked for it")
        #expect(try await export(cleo) == ["a-3"])
        #expect(try await room.check("golem/a-8", as: .account(cleo)).verdict.meter?.spent == 1)
        _ = try await room.services.accounts.erase(cleo, reason: "Asked for it")
        _ = try await room.services.accounts.erase(none, reason: "Asked for it")
        try await room.wait(.minutes(1))
        try await room.open("golem/a-4", as: .visitor(room.visitor))
        let dora = try await account("dora")
        #expect(try await export(dora) == ["a-4"])
        #expect(try await room.check("golem/a-8", as: .account(dora)).verdict.meter?.spent == 1)
    }

    @Test func whatAMergedAccountSpentIsSpentAndNothingElseOfTheTimeBefore() async throws {
        let room = try await Newsroom(allowance: 4, anonymous: 2)
        let ada = try await room.services.accounts.overview(room.ada).account.id
        try await room.open("golem/a-1", as: .visitor(room.visitor))
        try await room.wait(.minutes(1))
        let work = try await room.signUp("work@example.com", visitor: room.visitor)
        let last = try await room.signUp("last@example.com")
        try await room.open("golem/a-2", as: .account(.id(work)))
        try await room.open("golem/a-3")
        try await room.wait(.minutes(1))
        let before = try await room.services.clock.read().now
        try await room.wait(.minutes(1))
        _ = try await room.services.accounts.merge(.id(work), into: .id(ada), reason: "Signed up twice")
        #expect(try await room.check("golem/a-4").verdict.meter?.spent == 3)
        #expect(try await room.check("golem/a-1").reason == .openedBefore)
        #expect(try await room.check("golem/a-2").reason == .openedBefore)
        try await room.wait(.minutes(1))
        let between = try await room.services.clock.read().now
        try await room.wait(.minutes(1))
        _ = try await room.services.accounts.merge(.id(ada), into: .id(last), reason: "And again")
        let final = ReaderReference.account(.id(last))
        #expect(try await room.check("golem/a-4", as: final).verdict.meter?.spent == 3)
        try await room.open("golem/a-4", as: final)
        #expect(try await room.check("golem/a-5", as: final).reason == .meterExhausted)
        // What was known before is not changed by it.
        func spent(_ account: Identifier<Account>, knownAt known: Timestamp) async throws -> Int? {
            try await room.services.access.check(
                reader: .account(.id(account)), article: ArticleReference(parsing: "golem/a-6"), .init(knownAt: known)
            ).decision.verdict.meter?.spent
        }
        #expect(try await spent(ada, knownAt: before) == 1)
        #expect(try await spent(ada, knownAt: between) == 3)
        #expect(try await spent(last, knownAt: between) == 0)
        // Nor what held.
        for (account, moment, count) in [(ada, before, 1), (ada, between, 3), (last, between, 0)] {
            let then = try await room.services.access.check(
                reader: .account(.id(account)), article: ArticleReference(parsing: "golem/a-6"), .init(at: moment))
            #expect(then.decision.verdict.meter?.spent == count)
        }
        #expect(try await spent(work, knownAt: between) == 2)
        // The account that is gone opens nothing any more, not even what is open to all.
        try await room.add(1, to: "open", access: .free)
        #expect(
            try await failure { try await room.open("open/a-1", as: .account(.id(work))) }?.code == .accountErased)
    }

    // MARK: - Many at once

    /// As many processes as there are services.
    private func services(_ room: Newsroom, _ count: Int) async throws -> [Services] {
        var all = [room.services]
        while all.count < count { all.append(try await Services.open(room.database.location)) }
        return all
    }

    @Test(arguments: [1, 4]) func ofFiftyArticlesOpenedAtOnceAsManyAreAdmittedAsAreLeft(processes: Int) async throws {
        let room = try await Newsroom(allowance: 5, articles: 50)
        let services = try await services(room, processes)
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...50 {
                let access = services[number % processes].access
                group.addTask {
                    try await access.open(
                        reader: .account(room.ada), article: ArticleReference(parsing: "golem/a-\(number)")
                    ).read != nil
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(admitted == 5)
        #expect(try await room.readCount == 5)
        #expect(try await room.database.rowCount("reads WHERE meter IS NOT NULL") == 5)
    }

    @Test(arguments: [true, false]) func fiftyOpenersOfOneArticleSpendOne(isVisitor: Bool) async throws {
        let room = try await Newsroom(allowance: 5, anonymous: 5)
        let services = try await services(room, 2)
        let reader = isVisitor ? ReaderReference.visitor(room.visitor) : .account(room.ada)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                let access = services[number % 2].access
                group.addTask {
                    let opening = try await access.open(
                        reader: reader, article: ArticleReference(parsing: "golem/a-1"))
                    #expect(opening.read != nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await room.check("golem/a-2", as: reader).verdict.meter?.spent == 1)
        #expect(try await room.readCount == 50)
    }

    @Test func twoDevicesThatOpenTheLastOneAtOnceSpendItOnce() async throws {
        let room = try await Newsroom(allowance: 1)
        let services = try await services(room, 2)
        let decisions = try await withThrowingTaskGroup(of: AccessDecision.Reason.self) { group in
            for device in services {
                group.addTask {
                    try await device.access.open(
                        reader: .account(room.ada), article: ArticleReference(parsing: "golem/a-1")
                    ).answer.decision.reason
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(decisions == [.metered, .openedBefore])
        #expect(try await room.open("golem/a-2").answer.decision.reason == .meterExhausted)
    }

    @Test func twentyRetriesAtOnceAreOneRead() async throws {
        let room = try await Newsroom()
        try await room.add(1, to: "open", access: .free)
        let services = try await services(room, 2)
        for article in ["golem/a-1", "open/a-1"] {
            let reads = try await withThrowingTaskGroup(of: AccessService.Opening.self) { group in
                for number in 0..<20 {
                    let access = services[number % 2].access
                    group.addTask {
                        try await access.open(
                            reader: .account(room.ada), article: ArticleReference(parsing: article),
                            clientKey: ClientKey(parsing: "key-of-\(article)"))
                    }
                }
                return try await group.reduce(into: [AccessService.Opening]()) { $0.append($1) }
            }
            #expect(reads.count == 20)
            #expect(Set(reads.compactMap(\.read?.id)).count == 1)
            #expect(reads.filter { !$0.isRetry }.count == 1)
        }
        #expect(try await room.readCount == 2)
    }

    // MARK: - Client keys

    @Test func theSameKeyAndArticleIsOneRead() async throws {
        let room = try await Newsroom()
        let first = try await room.open("golem/a-1", key: "k-1")
        let second = try await room.open("golem/a-1", key: "k-1")
        #expect(second.isRetry && second.read == first.read)
        #expect(second.answer.decision.reason == .openedBefore)
        #expect(try await room.readCount == 1)
        // Another key is another read, and another reader's key another key.
        #expect(try await room.open("golem/a-1", key: "k-2").read?.id != first.read?.id)
        #expect(try await !room.open("golem/a-1", as: .visitor(room.visitor), key: "k-1").isRetry)
        #expect(try await room.readCount == 3)
    }

    @Test func aRetryIsDecidedAnew() async throws {
        let room = try await Newsroom()
        #expect(try await room.open("golem/a-1", key: "k-1", seconds: 5).read != nil)
        _ = try await room.services.accounts.suspend(room.ada, reason: "Shared")
        let retry = try await room.open("golem/a-1", key: "k-1", seconds: 50)
        #expect(retry.answer.decision.reason == .accountSuspended)
        #expect(retry.read == nil)
        guard case .teaser = retry.content else { return #expect(Bool(false), "\(retry.content)") }
        let kept = try await room.services.reads.list(of: .account(room.ada), limit: PageLimit(10))
        #expect(kept.map(\.read.seconds) == [5])
    }

    @Test func aKeyIsForOneArticleAndForADay() async throws {
        let room = try await Newsroom()
        let id = try #require(try await room.open("golem/a-1", key: "k-1").read?.article)
        let other = try await failure { try await room.open("golem/a-2", key: "k-1") }
        #expect(other?.code == .clientKeyReused)
        #expect(other?.message.contains("‘k-1’") == true && other?.message.contains(id.description) == true)
        try await room.wait(.minutes(24 * 60 - 1))
        #expect(try await room.open("golem/a-1", key: "k-1").isRetry)
        try await room.wait(.minutes(1))
        let late = try await failure { try await room.open("golem/a-1", key: "k-1") }
        #expect(late?.code == .clientKeyReused)
        #expect(try await room.readCount == 1)
    }

    @Test func secondsMayGrowAndNotShrink() async throws {
        let room = try await Newsroom()
        #expect(try await room.open("golem/a-1", key: "k-1").read?.seconds == nil)
        #expect(try await room.open("golem/a-1", key: "k-1", seconds: 0).read?.seconds == 0)
        #expect(try await room.open("golem/a-1", key: "k-1", seconds: 95).read?.seconds == 95)
        #expect(try await room.open("golem/a-1", key: "k-1", seconds: 30).read?.seconds == 95)
        #expect(try await room.open("golem/a-1", key: "k-1").read?.seconds == 95)
        #expect(try await room.open("golem/a-2", seconds: 86_400).read?.seconds == 86_400)
    }

    @Test(arguments: [-1, 86_401, 31_536_000]) func secondsThatNobodyReadsAreRefused(seconds: Int) async throws {
        let room = try await Newsroom()
        let error = try await failure { try await room.open("golem/a-1", seconds: seconds) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("‘\(seconds)’") == true)
        #expect(try await room.readCount == 0)
    }

    // MARK: - Who and what

    @Test func somebodyOfWhomNothingIsKnownCannotOpen() async throws {
        let room = try await Newsroom()
        #expect(try await failure { try await room.open("golem/a-1", as: .anonymous) }?.code == .invalidInput)
    }

    @Test func whatIsNotThereIsAnError() async throws {
        let room = try await Newsroom()
        #expect(try await failure { try await room.open("golem/none") }?.code == .unknownArticle)
        let nobody = ReaderReference.account(.email(try email("nobody@example.com")))
        #expect(try await failure { try await room.open("golem/a-1", as: nobody) }?.code == .unknownAccount)
    }

    @Test func anErasedAccountOpensNothing() async throws {
        let room = try await Newsroom()
        try await room.add(1, to: "open", access: .free)
        let id = try await room.services.accounts.overview(room.ada).account.id
        _ = try await room.services.accounts.erase(.id(id), reason: "Asked for it")
        #expect(try await failure { try await room.open("open/a-1", as: .account(.id(id))) }?.code == .accountErased)
        #expect(try await room.readCount == 0)
    }

    @Test func whatLetsTheReaderInIsRecorded() async throws {
        let room = try await Newsroom()
        try await room.add(1, to: "open", access: .free)
        try await room.add(1, to: "signed", access: .registered)
        _ = try await room.services.grants.add(
            room.ada,
            .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Won it"))
        #expect(try await room.open("open/a-1").read?.admittedBy == .free)
        let entitled = try await room.open("golem/a-1").read
        #expect(entitled?.admittedBy == .entitled && entitled?.source == .gift && entitled?.meter == nil)
        #expect(try await room.open("signed/a-1").read?.admittedBy == .entitled)
        let eve = ReaderReference.account(.id(try await room.signUp("eve@example.com")))
        #expect(try await room.open("signed/a-1", as: eve).read?.admittedBy == .registered)
        let kept = try await room.services.reads.list(of: .account(room.ada), limit: PageLimit(10))
        #expect(kept.map(\.read.admittedBy) == [.entitled, .entitled, .free])
        #expect(kept.map { $0.grant == nil } == [false, false, true])
        // Nothing of it was metered.
        #expect(try await room.database.rowCount("reads WHERE meter IS NOT NULL") == 0)
    }

    @Test func nothingIsWrittenWhenDenied() async throws {
        let room = try await Newsroom(allowance: 1, anonymous: 0)
        try await room.open("golem/a-2")
        try await room.add(1, to: "gone")
        var change = RuleChange()
        change.isWithdrawn = true
        _ = try await room.services.rules.set(.title(Slug(parsing: "gone")), change, .init())
        let before = try await DatabaseContents.of(room.database.location)
        let denied = try await room.open("golem/a-1", key: "k-1", seconds: 5)
        #expect(denied.answer.decision.reason == .meterExhausted)
        guard case .teaser(let teaser) = denied.content else { return #expect(Bool(false), "\(denied.content)") }
        #expect(teaser.headline == "A 1")
        #expect(try await room.open("golem/a-1", as: .visitor(room.visitor)).read == nil)
        let withdrawn = try await room.open("gone/a-1")
        #expect(withdrawn.answer.decision.reason == .withdrawn)
        #expect(withdrawn.content == .nothing)
        #expect(try await DatabaseContents.of(room.database.location) == before)
    }
}
