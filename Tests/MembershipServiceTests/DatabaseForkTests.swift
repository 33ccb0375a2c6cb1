import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

struct DatabaseForkTests {
    /// From what to what: every pair of the engines that the run of the suite has.
    private static let pairs: [(from: Bool, to: Bool)] =
        TestEngine.isSQLite ? [(true, true)] : [(true, false), (false, true), (false, false)]

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func place(_ name: String, isFile: Bool = TestEngine.isSQLite) async throws -> DatabaseLocation {
        let path = directory.path + "/" + name
        let address = isFile ? path : try await TestEngine.makeSchema(on: #require(TestEngine.postgres))
        return DatabaseLocation(address, keyPath: path + ".key", connections: 2)
    }

    private func email(_ name: String) throws -> EmailAddress { try EmailAddress(parsing: name + "@example.com") }

    private func reference(_ name: String) throws -> AccountReference { .email(try email(name)) }

    /// Three readers, with titles, articles, payments and a gift.
    private func fill(_ location: DatabaseLocation, sandbox: Bool = true) async throws -> Services {
        let price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        _ = try await DatabaseSetup(location, clock: WallClock { TestDatabase.start }).initialize(
            .init(sandbox: sandbox, price: price))
        let services = try await Services.open(location, clock: WallClock { TestDatabase.start })
        _ = try await services.titles.add(
            slug: Slug(parsing: "golem"), name: "Golem \\N \"quoted\"", access: .premium)
        for name in ["ada", "bob", "cem"] {
            _ = try await services.accounts.signUp(email: email(name), name: "Zoë \\ O'Neil")
        }
        _ = try await services.payments.record(
            reference("ada"), NewPayment(amount: price, reference: "INV\\1", periods: 1))
        _ = try await services.payments.record(
            reference("bob"), NewPayment(amount: price, reference: "INV-2", periods: 1))
        _ = try await services.grants.add(
            reference("cem"),
            .init(
                entitlement: Entitlement(parsing: "title:golem"), source: .gift, from: nil, until: nil, reason: "Won it"
            ))
        _ = try await services.accounts.suspend(reference("cem"), reason: "Shared it")
        return services
    }

    private func contents(_ location: DatabaseLocation) async throws -> [String: Set<String>] {
        try await DatabaseContents.of(location)
    }

    /// While the copy begins, something happens whenever it looks at the clock, a moment behind what it is told.
    @Test(.enabled(if: TestEngine.isSQLite)) func nothingInAForkLiesBehindItsClock() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source, sandbox: false)
        let other = try DetachedSQLite(path: directory.path + "/a.db")
        let moment = Locked(TestDatabase.start)
        let clock = WallClock {
            moment.withLock { moment in
                moment = moment + TimeSpan(milliseconds: 10)
                try? other.execute("UPDATE events SET recorded_at = \(moment.milliseconds + 5)")
                return moment
            }
        }
        let report = try await DatabaseFork(from: source, to: target, clock: clock).make()
        func newest(_ location: DatabaseLocation) async throws -> Timestamp {
            let found = try await TestDatabase.engine(of: location).read { sql in
                try sql.first("SELECT max(recorded_at) FROM events", []) { try $0.timestamp(0) }
            }
            return try #require(found)
        }
        #expect(try await newest(source) > TestDatabase.start)
        #expect(try await newest(target) <= report.now)
    }

    @Test(arguments: pairs) func aForkHasEverythingOfTheOriginalInEitherEngine(from: Bool, to: Bool) async throws {
        let (source, target) = (try await place("a.db", isFile: from), try await place("b.db", isFile: to))
        let services = try await fill(source)
        _ = try await services.clock.advance(by: .days(3))
        let before = try await contents(source)
        let report = try await DatabaseFork(from: source, to: target).make()
        let (after, copy) = (try await contents(source), try await contents(target))
        #expect(after == before)
        #expect(report.now == TestDatabase.start + .days(3))
        #expect(report.missingKey == nil)
        for table in report.tables {
            #expect(copy[table.name] == before[table.name], "\(table.name)")
            #expect(copy[table.name]?.count == table.rows, "\(table.name)")
        }
        #expect(report.tables.first { $0.name == "payments" }?.rows == 2)
        let fork = try await Services.open(target, clock: .system)
        #expect(try await fork.events.verify { Issue.record("\($0)") }.accounts == 3)
        let clock = try await fork.clock.read()
        #expect(clock.isSandbox && clock.now == report.now)
        #expect(try await Doctor(target).examine().filter { !$0.isSound }.isEmpty)
        // It lives on by itself.
        _ = try await fork.clock.advance(by: .days(11))
        #expect(try await fork.jobs.run("trial-expiry").processed == 3)
        #expect(try await contents(source) == before)
    }

    @Test func aForkOfALiveDatabaseStandsStillAndDeliversNothing() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source, sandbox: false)
        let now = TestDatabase.start + .days(5)
        _ = try await DatabaseFork(from: source, to: target, clock: WallClock { now }).make()
        let fork = try await Services.open(target, clock: .system)
        let clock = try await fork.clock.read()
        #expect(clock.isSandbox && clock.now == now)
        #expect(try await contents(target)["deployment"]?.first?.contains("integer(0)") == true)
    }

    @Test func whatTheOriginalIsDeliveringIsTheForksToDeliver() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        let store = try await Store.open(source.open(), clock: WallClock { TestDatabase.start })
        let taken = try await store.write { tx in
            try tx.leaseDueMessages(dueBy: tx.now, until: tx.now + .minutes(6), limit: 10)
        }
        #expect(!taken.isEmpty)
        _ = try await DatabaseFork(from: source, to: target).make()
        let fork = try await Services.open(target)
        #expect(try await fork.jobs.run("outbox-delivery").processed == taken.count)
    }

    @Test func erasingInAForkLeavesTheLettersOfTheOriginal() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        var options = Services.Options()
        options.mail.destination = "folder:" + directory.path + "/mail"
        options.mail.sender = "letters@harbour.test"
        #expect(try await Services.open(source, options: options).jobs.run("outbox-delivery").processed > 0)
        let letters = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/mail").sorted()
        #expect(!letters.isEmpty)
        _ = try await DatabaseFork(from: source, to: target).make()
        let fork = try await Services.open(target, options: options)
        _ = try await fork.clock.advance(by: .days(14))
        for job in ["trial-expiry", "outbox-delivery"] { _ = try await fork.jobs.run(job) }
        let messages = try await fork.outbox.list(limit: PageLimit(100)).messages
        #expect(messages.allSatisfy { $0.state == .delivered && $0.destination == nil })
        for name in ["ada", "bob", "cem"] {
            #expect(try await fork.accounts.erase(reference(name), reason: "A try").lettersRemoved == 0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/mail").sorted() == letters)
    }

    @Test func aForkOfAFewAccountsHasThemAndNobodyElse() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        let services = try await fill(source)
        let (ada, bob) = (
            try await services.accounts.overview(reference("ada")).account.id,
            try await services.accounts.overview(reference("bob")).account.id
        )
        // Bob's account has become part of Ada's.
        try await TestDatabase.engine(of: source).write { sql in
            _ = try sql.run("UPDATE accounts SET merged_into = $1 WHERE account_id = $2", [ada, bob])
        }
        let report = try await DatabaseFork(from: source, to: target).make(accounts: [reference("ada"), .id(ada)])
        let rows = Dictionary(report.tables.map { ($0.name, $0.rows) }) { first, _ in first }
        #expect(rows["accounts"] == 2)
        #expect(rows["account_emails"] == 2)
        #expect(rows["trial_ledger"] == 2)
        #expect(rows["payments"] == 2)
        #expect(rows["payment_references"] == 2)
        #expect(rows["account_suspensions"] == 0)
        #expect(rows["titles"] == 1)
        let fork = try await Services.open(target, clock: .system)
        #expect(try await fork.events.verify { Issue.record("\($0)") }.accounts == 2)
        await #expect(throws: MembershipError.self) { try await fork.accounts.overview(reference("cem")) }
        // Ada cannot have another trial there, and Cem can.
        _ = try await fork.accounts.signUp(email: email("cem"))
    }

    @Test(arguments: pairs) func readsGoWithTheirReadersAndThoseOfAVisitorWithWhomeverSheBecame(from: Bool, to: Bool)
        async throws
    {
        let source = try await place("a.db", isFile: from)
        let services = try await fill(source)
        let visitor = try VisitorID(parsing: "5f0c8e0c-6a51-4b8e")
        let feed = directory.path + "/feed.json"
        let json = """
            {"version": "https://jsonfeed.org/version/1.1", "title": "Golem", "items": [
                {"id": "1", "title": "The Bridge", "content_html": "<p>Shut.</p>",
                    "date_published": "2025-12-01T00:00:00Z"}]}
            """
        try json.write(toFile: feed, atomically: true, encoding: .utf8)
        _ = try await services.articles.importFeed(path: feed, options: .init(title: Slug(parsing: "golem")))
        let article = try ArticleReference(parsing: "golem/the-bridge")
        _ = try await services.articles.setAccess(article, to: .free)
        _ = try await services.access.open(reader: .visitor(visitor), article: article)
        let other = try VisitorID(parsing: "another-visitor-0001")
        _ = try await services.access.open(reader: .visitor(other), article: article)
        _ = try await services.accounts.signUp(email: email("dora"), visitor: visitor)
        // The same device afterwards, and whoever signed up on it next.
        _ = try await services.clock.advance(by: .minutes(1))
        _ = try await services.access.open(reader: .visitor(visitor), article: article)
        _ = try await services.accounts.signUp(email: email("emma"), visitor: visitor)
        for name in ["ada", "bob", "dora"] {
            _ = try await services.access.open(
                reader: .account(reference(name)), article: article, clientKey: ClientKey(parsing: "k-1"))
        }
        _ = try await services.accounts.merge(reference("bob"), into: reference("ada"), reason: "Twice")
        let before = try await contents(source)
        let whole = try await place("b.db", isFile: to)
        let all = try await DatabaseFork(from: source, to: whole).make()
        let copy = try await contents(whole)
        for table in ["reads", "visitor_reads", "account_visitors", "account_merges"] {
            #expect(copy[table] == before[table] && copy[table]?.isEmpty == false, "\(table)")
            #expect(all.tables.first { $0.name == table }?.rows == copy[table]?.count, "\(table)")
        }
        let few = try await DatabaseFork(from: source, to: place("c.db", isFile: to)).make(
            accounts: [reference("ada"), reference("dora")])
        let rows = Dictionary(few.tables.map { ($0.name, $0.rows) }) { first, _ in first }
        #expect(rows["reads"] == 3 && rows["visitor_reads"] == 1)
        #expect(rows["account_visitors"] == 1 && rows["account_merges"] == 1)
    }

    @Test func anUnknownAccountIsNamedAndNothingIsMade() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        let error = await #expect(throws: MembershipError.self) {
            try await DatabaseFork(from: source, to: target).make(accounts: [reference("ada"), reference("eve")])
        }
        #expect(error?.code == .unknownAccount)
        #expect(error?.message.contains("eve@example.com") == true)
        try await expectNothing(at: target, "b.db")
    }

    @Test func aPlaceThatIsTakenIsRefusedByNameAndLeftAlone() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        _ = try await DatabaseFork(from: source, to: target).make(accounts: [reference("ada")])
        let before = try await contents(target)
        for place in [target, source] {
            let error = await #expect(throws: MembershipError.self) {
                try await DatabaseFork(from: source, to: place).make()
            }
            #expect(error?.code == .databaseExists)
            #expect(error?.message.contains(place.name) == true)
        }
        #expect(try await contents(target) == before)
        #expect(FileManager.default.fileExists(atPath: target.keyPath))
    }

    @Test func aCopyThatFailsHalfwayLeavesNothing() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        if TestEngine.isSQLite {
            try DetachedSQLite(path: directory.path + "/a.db").execute(
                "PRAGMA ignore_check_constraints = ON; UPDATE grants SET source = 'stolen'")
        } else {
            try await TestDatabase.engine(of: source).write { sql in
                try sql.runScript(
                    "ALTER TABLE grants DROP CONSTRAINT grants_source_check; UPDATE grants SET source = 'stolen'")
            }
        }
        let error = await #expect(throws: MembershipError.self) {
            try await DatabaseFork(from: source, to: target).make()
        }
        #expect(error?.code == .constraintViolated)
        try await expectNothing(at: target, "b.db")
    }

    private func expectNothing(at location: DatabaseLocation, _ name: String) async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(files.filter { $0.hasPrefix(name) }.isEmpty)
        guard !TestEngine.isSQLite else { return }
        #expect(try await TestDatabase.engine(of: location).read { try $0.tableNames() }.isEmpty)
    }

    @Test func withoutItsKeyADatabaseIsCopiedAndThatIsSaid() async throws {
        let (source, target) = (try await place("a.db"), try await place("b.db"))
        _ = try await fill(source)
        try FileManager.default.removeItem(atPath: source.keyPath)
        let report = try await DatabaseFork(from: source, to: target).make(accounts: [reference("ada")])
        #expect(report.missingKey?.contains(source.keyPath) == true)
        #expect(!FileManager.default.fileExists(atPath: target.keyPath))
        #expect(report.tables.first { $0.name == "trial_ledger" }?.rows == 0)
    }

    @Test func theKeyIsForItsOwnerAloneAndAnotherIsNotOverwritten() async throws {
        let (source, target, other) = (try await place("a.db"), try await place("b.db"), try await place("c.db"))
        _ = try await fill(source)
        _ = try await DatabaseFork(from: source, to: target).make()
        let attributes = try FileManager.default.attributesOfItem(atPath: target.keyPath)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(
            try String(contentsOfFile: target.keyPath, encoding: .utf8)
                == String(contentsOfFile: source.keyPath, encoding: .utf8))
        try "another".write(toFile: other.keyPath, atomically: true, encoding: .utf8)
        let error = await #expect(throws: MembershipError.self) {
            try await DatabaseFork(from: source, to: other).make()
        }
        #expect(error?.code == .keyMismatch)
        #expect(try String(contentsOfFile: other.keyPath, encoding: .utf8) == "another")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/c.db"))
    }

    @Test func aCopyIsOfOneMomentWhileOthersWrite() async throws {
        let source = try await place("a.db")
        let services = try await fill(source)
        let targets = try await [place("b.db"), place("c.db"), place("d.db")]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<150 { _ = try await services.accounts.signUp(email: email("r\(number)")) }
            }
            for target in targets {
                group.addTask { _ = try await DatabaseFork(from: source, to: target).make() }
            }
            try await group.waitForAll()
        }
        for target in targets {
            let fork = try await Services.open(target, clock: .system)
            let verification = try await fork.events.verify { Issue.record("\($0)") }
            #expect(verification.accounts >= 3)
        }
    }

    @Test func manyPagesAreCopiedLikeOne() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(2500)
        let target = try await place("b.db")
        let report = try await DatabaseFork(from: database.location, to: target).make()
        #expect(report.tables.first { $0.name == "accounts" }?.rows == 2500)
        let before = try await contents(database.location)
        let copy = try await contents(target)
        for table in report.tables { #expect(copy[table.name] == before[table.name], "\(table.name)") }
    }
}
