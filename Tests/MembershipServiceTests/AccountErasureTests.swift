import Foundation
import Membership
import MembershipMail
import MembershipStore
import Testing
import TestSupport

@testable import MembershipService

struct AccountErasureTests {
    /// Somebody with all that there is about a person.
    private struct Ada {
        let database: TestDatabase
        let id: Identifier<Account>
        let merged: Identifier<Account>
        /// Where her letters are: her welcome first.
        let letters: [String]
        var letter: String { letters[0] }
        var accounts: AccountService { database.services.accounts }

        /// All that names her before she is erased, in lower case.
        static let known = [
            "ada.lovelace", "adalovelace", "old-ada", "work-ada", "countess", "ref-4711-ada", "asked by telephone",
            "writes poems", "shared her password", "typed twice",
        ]
        /// And why she is.
        static let words = known + ["leaves us"]

        static func options(_ database: TestDatabase) -> Services.Options {
            var options = Services.Options()
            options.mail.destination = "folder:" + database.directory.path + "/mail"
            options.mail.sender = "Harbour Times <letters@harbour.test>"
            return options
        }

        init() async throws {
            database = try await TestDatabase.sandbox()
            let services = database.services
            id = try await services.accounts.signUp(
                email: email("Old-Ada@gmail.com"), name: "Countess Ada", timeZone: "Europe/Berlin"
            ).account.id
            let jobs = try await Services.open(database.location, options: Ada.options(database)).jobs
            #expect(try await jobs.run("outbox-delivery").processed == 1)
            _ = try await services.accounts.changeEmail(
                .id(id), to: email("Ada.Lovelace+x@googlemail.com"), reason: "Asked by telephone")
            let plan = try await database.addPaidPlan()
            _ = try await services.trials.end(.id(id), .init(reason: "Asked by telephone"))
            try await database.subscribe(id, to: plan, months: 2, reference: "REF-4711-ADA")
            _ = try await services.grants.add(
                .id(id),
                .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Writes poems"))
            _ = try await services.accounts.suspend(.id(id), reason: "Shared her password")
            merged = try await services.accounts.signUp(email: email("work-ada@example.com"), name: "Countess").account
                .id
            #expect(try await jobs.run("outbox-delivery").processed > 0)
            _ = try await services.accounts.merge(.id(merged), into: .id(id), reason: "Typed twice")
            let (id, merged) = (id, merged)
            letters = try await database.store().read { tx in
                try tx.letterFiles(of: [id]) + tx.letterFiles(of: [merged])
            }
            try await database.store().engine.write { sql in
                try sql.run(
                    "UPDATE outbox SET last_error = $1 WHERE account_id = $2 AND message = 'welcome'",
                    ["550 <ada.lovelace+x@googlemail.com> unknown", id])
                try sql.run(
                    "INSERT INTO job_failures (account_id, job, attempts, retry_at, error, failed_at) "
                        + "VALUES ($1, 'delivery', 1, 1, 'no ada.lovelace there', 1)", [id])
                try sql.run("UPDATE job_runs SET error = $1", ["Mail to Ada.Lovelace+x@googlemail.com failed"])
            }
        }
    }

    @Test func nothingThatNamesHerIsLeftInAnyTableOrFile() async throws {
        let ada = try await Ada()
        // She is in the file itself, and not only in its log.
        #expect(try await ada.database.engine().scrub() != false)
        let before = try await ada.database.places(of: Ada.words)
        // The search finds what there is to find.
        for word in Ada.known { #expect(try await !ada.database.places(of: [word]).isEmpty, "\(word)") }
        #expect(before.contains { $0.hasSuffix(".eml") })
        for place in ["accounts.email", "accounts.name", "events.reason", "payments.reference", "outbox.last_error"] {
            #expect(before.contains(place))
        }
        #expect(!TestEngine.isSQLite || before.contains("test.db"))
        let money = try await ada.database.services.payments.list(.id(ada.id)).map(\.amount)
        let ledger = try await ada.database.rowCount("trial_ledger")
        let erasure = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us")
        #expect(erasure.accounts == [ada.id, ada.merged])
        #expect(ada.letters.count >= 2 && erasure.lettersRemoved == ada.letters.count)
        // A server clears its log in its own time, and nobody claims otherwise.
        #expect(erasure.isLogCleared == (TestEngine.isSQLite ? true : nil))
        #expect(try await ada.database.places(of: Ada.words) == [])
        for letter in ada.letters { #expect(!LetterFile.isThere(letter)) }
        // Counts, totals and the ledger stay.
        #expect(try await ada.database.services.payments.list(.id(ada.id)).map(\.amount) == money)
        #expect(try await ada.database.rowCount("trial_ledger") == ledger)
        #expect(try await ada.accounts.signUp(email: email("adalovelace@gmail.com")).trial == .taken)
        #expect(try await ada.accounts.signUp(email: email("old-ada@gmail.com")).trial == .taken)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func pagesThatWereSplitAndFilledAgainHoldNothingOfHerEither() async throws
    {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        var id: Identifier<Account>?
        for number in 0..<150 {
            if number % 30 == 15 {
                let address = try email("ada.lovelace.\(number)@example.com")
                if let id {
                    _ = try await accounts.changeEmail(.id(id), to: address, reason: "Asked by telephone \(number)")
                    _ = try await accounts.suspend(.id(id), reason: "Shared her password")
                    _ = try await accounts.reinstate(.id(id), reason: "Asked by telephone")
                    #expect(try await database.engine().scrub() == true)
                } else {
                    id = try await accounts.signUp(email: address, name: "Countess").account.id
                }
            }
            let name = String(repeating: "x", count: number % 97 + 1)
            _ = try await accounts.signUp(email: email("\(name.count * 7919 % 101)-\(number)@example.org"), name: name)
        }
        let ada = try #require(id)
        #expect(try await database.places(of: Ada.words).contains("test.db"))
        _ = try await accounts.erase(.id(ada), reason: "She leaves us")
        #expect(try await database.places(of: Ada.words) == [])
    }

    @Test func whatSheReadStaysAndNamesNobody() async throws {
        let room = try await Newsroom(allowance: 5)
        try await room.open("golem/a-1", as: .visitor(room.visitor), key: "ada-lovelace-0")
        let work = try await room.signUp("work@example.com", visitor: room.visitor)
        try await room.open("golem/a-2", as: .account(.id(work)), key: "ada-lovelace-1")
        try await room.open("golem/a-3", key: "ada-lovelace-2", seconds: 7)
        let other = try await room.signUp("other@example.com")
        try await room.open("golem/a-3", as: .account(.id(other)), key: "others-key")
        try await room.wait(.minutes(1))
        try await room.open("golem/a-2", as: .visitor(room.visitor), key: "the-visitors-key")
        _ = try await room.services.accounts.merge(.id(work), into: room.ada, reason: "Signed up twice")
        let keys = try await room.database.places(of: ["ada-lovelace"])
        #expect(keys.contains("reads.client_key") && keys.contains("visitor_reads.client_key"))
        _ = try await room.services.accounts.erase(room.ada, reason: "She leaves us")
        #expect(try await room.database.places(of: ["ada-lovelace"]) == [])
        #expect(try await room.database.rowCount("account_visitors") == 0)
        #expect(try await room.database.rowCount("reads") == 3)
        #expect(try await room.database.rowCount("reads WHERE seconds = 7") == 1)
        #expect(try await room.database.rowCount("reads WHERE client_key IS NOT NULL") == 1)
        #expect(try await room.database.rowCount("visitor_reads") == 2)
        // Since she signed up the visitor is somebody else.
        #expect(try await room.database.rowCount("visitor_reads WHERE client_key = 'the-visitors-key'") == 1)
    }

    @Test func theChainOfEventsStillHolds() async throws {
        let ada = try await Ada()
        _ = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us")
        for id in [ada.id, ada.merged] {
            let (fault, events) = try await ada.database.store().read { tx in
                (try tx.chainFault(of: id), try tx.events(of: id))
            }
            #expect(fault == nil)
            #expect(events.last?.kind == .accountErased)
            #expect(events.allSatisfy { $0.reason == nil })
        }
        #expect(try await ada.database.store().engine.examine().allSatisfy(\.isSound))
    }

    @Test func whatSheHadHasEndedAndNothingIsSentToHer() async throws {
        let ada = try await Ada()
        let article = try await ada.database.addArticle()
        _ = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us")
        let overview = try await ada.accounts.overview(.id(ada.id))
        #expect(overview.status == .erased)
        #expect(overview.account.timeZone == "UTC")
        #expect(overview.subscriptions.allSatisfy { $0.status.isFinal })
        #expect(overview.subscriptions.first?.status == .canceled)
        #expect(overview.suspension == nil)
        let refused = await #expect(throws: MembershipError.self) {
            try await ada.database.services.access.check(reader: .account(.id(ada.id)), article: article)
        }
        #expect(refused?.code == .accountErased)
        #expect(try await ada.database.rowCount("outbox WHERE due_at IS NOT NULL") == 0)
        #expect(try await ada.database.rowCount("job_failures") == 0)
        #expect(try await ada.accounts.list(status: .erased, limit: PageLimit(10)).accounts.count == 2)
        #expect(try await ada.accounts.list(status: .canceled, limit: PageLimit(10)).accounts.isEmpty)
        #expect(try await ada.accounts.list(status: .merged, limit: PageLimit(10)).accounts.isEmpty)
    }

    @Test func erasingTwiceIsTold() async throws {
        let ada = try await Ada()
        _ = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us")
        let again = try await failure { _ = try await ada.accounts.erase(.id(ada.id), reason: "Again") }
        #expect(again?.code == .accountErased)
        let byAddress = try await failure {
            _ = try await ada.accounts.erase(.email(email("adalovelace@gmail.com")), reason: "Again")
        }
        #expect(byAddress?.code == .unknownAccount)
    }

    /// What was opened while she was erased, if the process ended before that was cleared away.
    @Test func erasingAgainClearsWhatWasLeftBehindTheErasure() async throws {
        let ada = try await Ada()
        _ = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us")
        for account in [ada.id, ada.merged] {
            try await ada.database.engine().write { sql in
                _ = try sql.run(
                    """
                    INSERT INTO reads (account_id, read_id, article_id, title, admitted_by, client_key, opened_at)
                    VALUES ($1, 1, 1, 'golem', 'free', 'countess-2', 1)
                    """, [account])
            }
        }
        #expect(try await failure { _ = try await ada.accounts.erase(.id(ada.id), reason: "Again") } != nil)
        let left = try await ada.database.engine().read { sql in
            try sql.first("SELECT count(*) FROM reads WHERE client_key IS NOT NULL", []) { try $0.count(0) }
        }
        #expect(left == 0)
    }

    @Test func aReasonMayHoldNoAddress() async throws {
        let ada = try await Ada()
        let error = try await failure {
            _ = try await ada.accounts.erase(.id(ada.id), reason: "ada@example.com asked")
        }
        #expect(error?.code == .invalidInput)
    }

    @Test func aLetterThatIsGoneIsNotMissed() async throws {
        let ada = try await Ada()
        try FileManager.default.removeItem(atPath: ada.letter)
        #expect(
            try await ada.accounts.erase(.id(ada.id), reason: "She leaves us").lettersRemoved == ada.letters.count - 1)
    }

    @Test func aLetterIsFoundHoweverLongAgoItWasDelivered() async throws {
        let ada = try await Ada()
        _ = try await ada.database.services.clock.advance(by: .days(91))
        _ = try await ada.database.services.jobs.run("purge")
        #expect(
            try await ada.accounts.erase(.id(ada.id), reason: "She leaves us").lettersRemoved == ada.letters.count)
        #expect(!FileManager.default.fileExists(atPath: ada.letter))
    }

    @Test(arguments: [false, true]) func aLetterWhoseDeliveryWasKilledIsFoundToo(isMerged: Bool) async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        let id = try await services.accounts.signUp(email: email("ada@example.com"), name: "Countess").account.id
        let bob = try await services.accounts.signUp(email: email("bob@example.com")).account.id
        let mailroom = try Mailroom(Ada.options(database).mail, delivers: true)
        let store = try await database.store()
        let mark = store.deployment.keyFingerprint
        let taken = try await store.write { tx in
            try tx.leaseDueMessages(dueBy: tx.now, until: tx.now + .minutes(6), limit: 10) {
                mailroom.place(of: $0, databaseMark: mark)
            }
        }
        // The files are written, and then the process is gone before it can say so.
        var paths: [String] = []
        for message in taken where message.reference.account == id {
            let facts = try await store.read { tx in try tx.letterFacts(of: message) }
            let path = try #require(try await mailroom.deliver(facts, databaseMark: mark))
            try Data("Hello Countess".utf8).write(to: URL(filePath: LetterFile.draft(of: path)))
            paths.append(path)
        }
        #expect(paths.count == 1 && taken.count == 2)
        _ = try await services.clock.advance(by: .minutes(6))
        if isMerged { _ = try await services.accounts.merge(.id(id), into: .id(bob), reason: "Typed twice") }
        _ = try await services.accounts.erase(.id(isMerged ? bob : id), reason: "She leaves us")
        #expect(try await database.places(of: ["countess"]) == [])
        for path in paths { #expect(!LetterFile.isThere(path)) }
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func whatAForecastIsMadeOfNamesNobody() async throws {
        let ada = try await Ada()
        try await ada.database.addArticle(access: .free)
        _ = try await ada.database.services.access.open(
            reader: .account(.id(ada.id)), article: ArticleReference(parsing: "golem/the-bridge"),
            clientKey: ClientKey(parsing: "countess-1"))
        try await ada.database.store().write { tx in
            try tx.link(VisitorID(parsing: "countess-on-her-phone"), to: ada.id)
        }
        #expect(try await ada.database.places(of: ["countess"]).contains("account_visitors.visitor"))
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(directory.path + "/test.db", directory)
        _ = try await ada.database.store().copy(
            to: location.createNew(), named: "a copy", .lifeOnly(.id(ada.id)))
        let copy = try await TestDatabase.open(location.name, directory)
        #expect(try await copy.places(of: Ada.words) == [])
        #expect(try await copy.rowCount("events") == ada.database.rowCount("events"))
        #expect(try await copy.rowCount("reads") == 1)
    }

    @Test func aLetterThatCannotBeRemovedKeepsEverything() async throws {
        let ada = try await Ada()
        try FileManager.default.removeItem(atPath: ada.letter)
        try FileManager.default.createDirectory(atPath: ada.letter, withIntermediateDirectories: false)
        let error = try await failure { _ = try await ada.accounts.erase(.id(ada.id), reason: "She leaves us") }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message.contains(ada.letter) == true)
        #expect(try await ada.accounts.overview(.id(ada.id)).account.name == "Countess Ada")
        #expect(FileManager.default.fileExists(atPath: ada.letter))
    }

    @Test func aLetterOnItsWayIsWaitedFor() async throws {
        let ada = try await Ada()
        let id = ada.id
        _ = try await ada.database.store().engine.write { sql in
            try sql.run(
                "UPDATE outbox SET due_at = $1, delivered_at = NULL, leased_until = $2 WHERE account_id = $3",
                [TestDatabase.start, TestDatabase.start + .minutes(1), id])
        }
        let error = try await failure { _ = try await ada.accounts.erase(.id(id), reason: "She leaves us") }
        #expect(error?.code == .jobRunning)
        _ = try await ada.database.services.clock.advance(by: .minutes(1))
        _ = try await ada.accounts.erase(.id(id), reason: "She leaves us")
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func whoReadsMeanwhileKeepsTheLogAndTheNextErasureClearsIt() async throws {
        let ada = try await Ada()
        let services = try await Services.open(
            DatabaseLocation(ada.database.address, keyPath: ada.database.keyPath, wait: TimeSpan(milliseconds: 20)),
            clock: WallClock { TestDatabase.start })
        let reader = try DetachedSQLite(path: ada.database.address)
        try reader.hold()
        #expect(try await services.accounts.erase(.id(ada.id), reason: "She leaves us").isLogCleared == false)
        // Asked again, it says so as long as that is so.
        let again = await #expect(throws: MembershipError.self) {
            try await services.accounts.erase(.id(ada.id), reason: "She leaves us")
        }
        #expect(again?.code == .databaseBusy && again?.message.contains("could not be cleared") == true)
        try reader.letGo()
        #expect(
            try await failure { _ = try await services.accounts.erase(.id(ada.id), reason: "x") }?.code
                == .accountErased)
        #expect(try await ada.database.places(of: Ada.words) == [])
    }
}

extension TestDatabase {
    /// Where any of these words stand, in whatever case: columns of all tables, and on SQLite files.
    func places(of words: [String]) async throws -> [String] {
        var places = try await store().engine.read { sql in
            var places: [String] = []
            for table in try sql.tableNames() where !table.hasPrefix("sqlite_") {
                for column in try columns(of: table, sql) {
                    let texts = try sql.query("SELECT CAST(\(column) AS TEXT) FROM \(table)", []) {
                        try $0.optionalText(0)?.lowercased() ?? ""
                    }
                    if texts.contains(where: { text in words.contains { text.contains($0) } }) {
                        places.append("\(table).\(column)")
                    }
                }
            }
            return places
        }
        for file in try FileManager.default.subpathsOfDirectory(atPath: directory.path).sorted() {
            guard let data = FileManager.default.contents(atPath: directory.path + "/" + file) else { continue }
            let text = String(decoding: data.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
            if words.contains(where: { text.contains($0) }) { places.append(file) }
        }
        return places
    }

    func rowCount(_ table: String) async throws -> Int {
        try await store().engine.read { sql in
            try sql.first("SELECT count(*) FROM \(table)", []) { try $0.count(0) } ?? 0
        }
    }
}

private func columns(of table: String, _ sql: any SQLConnection) throws -> [String] {
    if TestEngine.isSQLite {
        return try sql.query("SELECT name FROM pragma_table_info($1)", [table]) { try $0.text(0) }
    }
    return try sql.query(
        """
        SELECT CAST(column_name AS TEXT) FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1
        """, [table]
    ) { try $0.text(0) }
}
