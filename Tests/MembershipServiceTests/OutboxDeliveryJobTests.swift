import Foundation
import GRDB
import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

struct OutboxDeliveryJobTests {
    /// A reader with a welcome to be delivered.
    private func prepared(
        _ readers: Int = 1, language: Language = .english, name: String? = nil
    ) async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        for number in 0..<readers {
            _ = try await database.services.accounts.signUp(
                email: EmailAddress(parsing: "r\(number)@example.com"), name: name, timeZone: "Europe/Berlin",
                language: language)
        }
        return database
    }

    private func services(
        _ database: TestDatabase, to destination: String?, _ change: (inout Services.MailOptions) -> Void = { _ in }
    ) async throws -> Services {
        var options = Services.Options()
        options.mail.destination = destination
        options.mail.sender = "Harbour Times <letters@harbour.test>"
        change(&options.mail)
        return try await Services.open(database.location, options: options)
    }

    private func messages(_ database: TestDatabase) async throws -> [OutboxMessage] {
        try await database.services.outbox.list(limit: PageLimit(100)).messages
    }

    private func folder(_ database: TestDatabase) -> String { database.directory.path + "/mail" }

    private func mails(_ database: TestDatabase) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder(database)).sorted().map { name in
            try String(contentsOfFile: folder(database) + "/" + name, encoding: .utf8)
        }
    }

    // MARK: - Delivery

    @Test func eachMessageIsDeliveredOnceUnderItsOwnName() async throws {
        let database = try await prepared(25)
        let services = try await services(database, to: "folder:" + folder(database))
        #expect(try await services.jobs.run("outbox-delivery").processed == 25)
        #expect(try await services.jobs.run("outbox-delivery").processed == 0)
        let all = try await messages(database)
        #expect(all.allSatisfy { $0.state == .delivered && $0.deliveredAt == TestDatabase.start && $0.attempts == 0 })
        #expect(Set(all.compactMap(\.destination)).count == 25)
        let mark = try await database.store().deployment.keyFingerprint
        let first = all[0].reference
        let mail = try String(contentsOfFile: #require(all[0].destination), encoding: .utf8)
        #expect(mail.contains("Message-ID: <\(first.account).\(first.sequence).\(mark)@harbour.test>"))
        #expect(mail.contains("From: Harbour Times <letters@harbour.test>"))
        #expect(mail.contains("To: r0@example.com"))
    }

    @Test func aMessageThatIsSentAgainIsTheSame() async throws {
        let database = try await prepared()
        let services = try await services(database, to: "folder:" + folder(database))
        _ = try await services.jobs.run("outbox-delivery")
        let first = try mails(database)
        // As if the process had died after sending it and before recording that.
        try await database.engine().write { sql in
            try sql.runScript("UPDATE outbox SET due_at = created_at, delivered_at = NULL, destination = NULL")
        }
        _ = try await services.clock.advance(by: .hours(5))
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
        #expect(try mails(database) == first)
    }

    @Test func withoutADestinationMessagesStayAndTheRunSaysSo() async throws {
        let database = try await prepared()
        let report = try await services(database, to: nil).jobs.run("outbox-delivery")
        #expect(report.processed == 0 && report.run.state == .done)
        #expect(report.note?.contains("FORTNIGHT_MAIL") == true)
        #expect(try await messages(database).map(\.state) == [.due])
    }

    @Test func fromACopyNothingLeaves() async throws {
        let database = try await prepared()
        try await database.engine().write { try $0.runScript("UPDATE deployment SET delivers = 0") }
        let services = try await services(database, to: "folder:" + folder(database))
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
        #expect(try await messages(database).map(\.state) == [.delivered])
        #expect(try await messages(database).map(\.destination) == [nil])
        #expect(!FileManager.default.fileExists(atPath: folder(database)))
    }

    @Test func aLimitIsKept() async throws {
        let database = try await prepared(4)
        let services = try await services(database, to: "nowhere:")
        #expect(try await services.jobs.run("outbox-delivery", limit: JobLimit(3)).processed == 3)
        #expect(try await messages(database).map(\.state) == [.delivered, .delivered, .delivered, .due])
    }

    @Test func askedToStopItGivesBackWhatItHasNotSent() async throws {
        let database = try await prepared(5)
        let services = try await services(database, to: "nowhere:")
        let report = try await services.jobs.run("outbox-delivery", stopping: Asked(after: 3).isTrue)
        #expect(report.processed == 2)
        #expect(try await messages(database).map(\.state) == [.delivered, .delivered, .due, .due, .due])
        #expect(try await messages(database).allSatisfy { $0.leasedUntil == nil })
    }

    @Test func whatAProcessHadTakenThatIsGoneIsDeliveredByTheNextAtOnce() async throws {
        let database = try await prepared(2)
        let fields = JobRunner.current.name.split(separator: "/")
        try await database.store().write { tx in
            _ = try tx.beginJobRun(
                of: "outbox-delivery", runner: [fields[0], fields[1], "1", fields[3]].joined(separator: "/"),
                until: tx.now + .minutes(2))
            _ = try tx.leaseDueMessages(dueBy: tx.now, until: tx.now + .minutes(6), limit: 10)
        }
        #expect(try await services(database, to: "nowhere:").jobs.run("outbox-delivery").processed == 2)
    }

    @Test func whatSomebodyIsDeliveringIsLeftToThem() async throws {
        let database = try await prepared(2)
        try await database.store().write { tx in
            _ = try tx.leaseDueMessages(dueBy: tx.now, until: tx.now + .minutes(6), limit: 1)
        }
        let services = try await services(database, to: "nowhere:")
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
        let leased = try #require(try await messages(database).first { $0.leasedUntil != nil })
        let error = await #expect(throws: MembershipError.self) { try await services.outbox.retry(leased.reference) }
        #expect(error?.code == .databaseBusy)
        _ = try await services.clock.advance(by: .minutes(6))
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
    }

    // MARK: - What goes wrong

    /// A folder that cannot be made, because a file has its name.
    private func blockedFolder(_ database: TestDatabase) throws -> String {
        "folder:" + (try database.directory.write("file", "x")) + "/mail"
    }

    @Test func whatCannotLeaveIsTriedLaterAndLaterAndGivenUpInSight() async throws {
        let database = try await prepared()
        let server = try await LoopbackServer.scripted(["RCPT": "451 4.3.0 later"])
        let services = try await services(database, to: "smtp://127.0.0.1:\(server.port)?tls=none")
        var waits: [Int64] = []
        for attempt in 1...12 {
            let run = try await services.jobs.run("outbox-delivery").run
            #expect(run.processed == 0 && run.failed == 1, "\(attempt)")
            #expect(try await services.jobs.run("outbox-delivery").run.failed == 0)
            let message = try #require(try await messages(database).first)
            #expect(message.attempts == attempt)
            #expect(message.lastError?.contains("451 4.3.0") == true, "\(message.lastError ?? "no error")")
            guard let dueAt = message.dueAt else { continue }
            let now = try await services.clock.read().now
            waits.append((dueAt - now).milliseconds / 60_000)
            _ = try await services.clock.set(to: dueAt)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360])
        let message = try #require(try await messages(database).first)
        #expect(message.state == .dead)
        let finding = try await Doctor(database.location).examine().first { $0.subject == "messages" }
        #expect(finding?.isSound == false)

        #expect(try await services.outbox.retryAllDead() == 1)
        #expect(try await messages(database).first?.attempts == 0)
        let sound = try await self.services(database, to: "nowhere:")
        #expect(try await sound.jobs.run("outbox-delivery").processed == 1)
        let error = await #expect(throws: MembershipError.self) { try await services.outbox.retry(message.reference) }
        #expect(error?.code == .transitionForbidden)
    }

    @Test func anOutageKillsNoMessageHoweverLongItLasts() async throws {
        let database = try await prepared()
        let services = try await services(database, to: blockedFolder(database))
        var waits: [Int64] = []
        for _ in 1...20 {
            #expect(try await services.jobs.run("outbox-delivery").run.failed == 1)
            let message = try #require(try await messages(database).first)
            #expect(message.state == .due && message.attempts == 0 && message.destination == nil)
            #expect(message.lastError?.contains("cannot be made") == true)
            let dueAt = try #require(message.dueAt)
            waits.append((dueAt - (try await services.clock.read().now)).milliseconds / 60_000)
            _ = try await services.clock.set(to: dueAt)
        }
        #expect(waits.prefix(6) == [1, 1, 2, 4, 8, 15] && waits.last == 15)
        #expect(try await messageFinding(database).isSound == false)
        #expect(
            try await messageFinding(database).detail.contains("1 of them waiting for more than an hour and failing"))
        #expect(try await messageFinding(database).detail.contains("cannot be made"))
        try FileManager.default.removeItem(atPath: database.directory.path + "/file")
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
        #expect(try await messageFinding(database).isSound)
    }

    @Test func anOutageOfAnHourIsNoneThatTheDoctorNames() async throws {
        let database = try await prepared(2)
        let services = try await services(database, to: blockedFolder(database))
        #expect(try await services.jobs.run("outbox-delivery").run.failed == 2)
        _ = try await services.clock.advance(by: TimeSpan(milliseconds: 3_599_999))
        #expect(try await messageFinding(database).isSound)
        _ = try await services.clock.advance(by: TimeSpan(milliseconds: 1))
        #expect(
            try await messageFinding(database).detail.contains("2 of them waiting for more than an hour and failing"))
    }

    @Test func aLetterWhoseDeliveryCouldNotBeRecordedIsFoundByWhoeverErasesIt() async throws {
        let database = try await prepared()
        let services = try await services(database, to: "folder:" + database.directory.path + "/mail")
        let engine = try database.engine()
        try await engine.write { sql in
            try sql.runScript(
                TestEngine.isSQLite
                    ? """
                    CREATE TRIGGER refuses BEFORE UPDATE ON outbox WHEN NEW.delivered_at IS NOT NULL
                    BEGIN SELECT RAISE(ABORT, 'refused'); END
                    """
                    : "ALTER TABLE outbox ADD CONSTRAINT refuses CHECK (delivered_at IS NULL)")
        }
        _ = await #expect(throws: MembershipError.self) { try await services.jobs.run("outbox-delivery") }
        try await engine.write {
            try $0.runScript(
                TestEngine.isSQLite ? "DROP TRIGGER refuses" : "ALTER TABLE outbox DROP CONSTRAINT refuses")
        }
        let message = try #require(try await messages(database).first)
        let file = try #require(message.destination)
        #expect(message.state == .due && message.leasedUntil == nil)
        #expect(FileManager.default.fileExists(atPath: file))
        _ = try await database.services.accounts.erase(.id(message.reference.account), reason: "Asked for")
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    private func messageFinding(_ database: TestDatabase) async throws -> Finding {
        try #require(try await Doctor(database.location).examine().first { $0.subject == "messages" })
    }

    @Test func fiveOutagesInARowEndTheRunAndTheRestIsNotTried() async throws {
        let database = try await prepared(13)
        let services = try await services(database, to: blockedFolder(database))
        let report = try await services.jobs.run("outbox-delivery")
        #expect(report.run.failed == 5 && report.processed == 0)
        #expect(report.note?.contains("waits for the next run") == true)
        let untried = try await messages(database).filter { $0.lastError == nil }
        #expect(untried.count == 8)
        #expect(untried.allSatisfy { $0.dueAt == TestDatabase.start && $0.leasedUntil == nil && $0.destination == nil })
    }

    @Test func aRunThatTakesTooLongLeavesTheRestToTheNext() async throws {
        let database = try await prepared(3)
        let services = try await services(database, to: "nowhere:") { $0.longestRun = TimeSpan(milliseconds: 0) }
        #expect(try await services.jobs.run("outbox-delivery").processed == 0)
        #expect(try await messages(database).map(\.state) == [.due, .due, .due])
        #expect(try await services.jobs.run("outbox-delivery").note?.contains("was over") == true)
    }

    @Test func whatBecomesDueDuringARunIsForTheNextOne() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        for number in 0..<12 {
            _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "r\(number)@example.com"))
        }
        let last = try #require(try await messages(database).last).reference
        try await database.store().write { tx in
            try tx.markFailed(last, attempts: 1, error: "No.", retryAt: tx.now + .minutes(1))
        }
        var options = Services.Options()
        options.mail.destination = "nowhere:"
        options.mail.sender = "letters@harbour.test"
        let services = try await Services.open(database.location, clock: clock.wallClock, options: options)
        // The clock goes on as soon as the run is under way.
        let report = try await services.jobs.run("outbox-delivery") {
            clock.set(TestDatabase.start + .minutes(2))
            return false
        }
        #expect(report.processed == 11)
        #expect(try await services.outbox.list(.due, limit: PageLimit(100)).messages.map(\.reference) == [last])
        #expect(try await services.jobs.run("outbox-delivery").processed == 1)
    }

    @Test(.enabled(if: TestEngine.isSQLite))
    func aLetterGoesToTheAddressThatTheReaderHasWhenItIsSent() async throws {
        let database = try await prepared(3)
        let services = try await services(database, to: "folder:" + folder(database))
        let asked = Locked(0)
        _ = try await services.jobs.run("outbox-delivery") {
            // Asked for the second time when all have been taken and none has been sent.
            if asked.withLock({
                $0 += 1; return $0
            }) == 2 {
                do {
                    try DatabaseQueue(path: database.address).write { sql in
                        try sql.execute(sql: "UPDATE accounts SET email = 'new@example.com' WHERE email LIKE 'r2@%'")
                    }
                } catch { Issue.record(error) }
            }
            return false
        }
        let letters = try mails(database)
        #expect(letters.count == 3)
        #expect(letters.filter { $0.contains("To: new@example.com") }.count == 1)
        #expect(letters.allSatisfy { !$0.contains("r2@example.com") })
    }

    @Test func whatAnInterruptedDeliveryLeftElsewhereIsRemovedBeforeTheLetterGoesAnotherWay() async throws {
        let database = try await prepared()
        _ = try await services(database, to: "folder:" + folder(database)).jobs.run("outbox-delivery")
        // As if the process had died between writing the file and recording that.
        try await database.engine().write { sql in
            try sql.runScript("UPDATE outbox SET due_at = created_at, delivered_at = NULL")
        }
        let other = try await services(database, to: "folder:" + folder(database) + "-2")
        #expect(try await other.jobs.run("outbox-delivery").processed == 1)
        #expect(try mails(database).isEmpty)
        let place = try #require(try await messages(database).first?.destination)
        #expect(place.hasPrefix(folder(database) + "-2/") && FileManager.default.fileExists(atPath: place))
    }

    @Test func whoHasNoAddressAnyMoreGetsNothingAndNothingWaits() async throws {
        let database = try await prepared()
        try await database.engine().write { try $0.runScript("UPDATE accounts SET email = '', erased_at = created_at") }
        let report = try await services(database, to: "nowhere:").jobs.run("outbox-delivery")
        #expect(report.run.failed == 0 && report.note?.contains("too late") == true)
        #expect(try await messages(database).isEmpty)
    }

    @Test func aReminderThatComesAfterTheEndIsRemovedUnsent() async throws {
        let database = try await prepared()
        _ = try await database.services.clock.advance(by: .days(11))
        _ = try await database.services.jobs.run("trial-reminder")
        _ = try await database.services.clock.advance(by: .days(3))
        let run = try await services(database, to: "nowhere:").jobs.run("outbox-delivery").run
        #expect(run.processed == 2 && run.failed == 0)
        #expect(try await messages(database).map(\.message) == [.welcome])
        let finding = try await Doctor(database.location).examine().first { $0.subject == "messages" }
        #expect(finding?.isSound == true)
    }

    @Test func aReminderIsNotSentToWhoeverGotMoreDaysMeanwhile() async throws {
        let database = try await prepared()
        _ = try await database.services.clock.advance(by: .days(11))
        _ = try await database.services.jobs.run("trial-reminder")
        let account = try #require(
            try await database.services.accounts.list(limit: PageLimit(1)).accounts.first?.account.id)
        _ = try await database.services.trials.extend(.id(account), byDays: 30, .init())
        _ = try await services(database, to: "nowhere:").jobs.run("outbox-delivery")
        #expect(try await messages(database).map(\.message) == [.welcome])
    }

    @Test func anEventThatCannotBeReadKeepsNoOther() async throws {
        let database = try await prepared(3)
        let broken = try #require(try await messages(database).first)
        try await database.engine().write { sql in
            try sql.runScript(
                """
                UPDATE events SET data = '{' WHERE account_id = \(broken.reference.account.rawValue) AND sequence = 2
                """)
        }
        let run = try await services(database, to: "nowhere:").jobs.run("outbox-delivery").run
        #expect(run.processed == 2 && run.failed == 1)
        #expect(try await messages(database).first?.state == .due)
    }

    @Test(arguments: [
        ("pigeon:coop", "letters@harbour.test", nil, MembershipError.Code.invalidInput),
        ("nowhere:", "", nil, .invalidInput), ("nowhere:", "nobody", nil, .invalidEmail),
        ("nowhere:", "letters@harbour.test", "/nowhere/at/all", .unreadableFile),
        ("smtp://user:pass:word@", "letters@harbour.test", nil, .invalidInput),
    ])
    func whatIsWrongWithTheSettingsIsSaidAndNoMessageTouched(
        destination: String, sender: String, templates: String?, code: MembershipError.Code
    ) async throws {
        let database = try await prepared()
        let services = try await services(database, to: destination) { mail in
            (mail.sender, mail.templates) = (sender.isEmpty ? nil : sender, templates)
        }
        let error = await #expect(throws: MembershipError.self) { try await services.jobs.run("outbox-delivery") }
        #expect(error?.code == code)
        #expect(error?.message.contains("word") == false)
        let message = try #require(try await messages(database).first)
        #expect(message.state == .due && message.attempts == 0 && message.leasedUntil == nil)
    }

    // MARK: - Servers

    @Test func aServerThatRefusesOneRecipientGetsTheOthers() async throws {
        let server = try await LoopbackServer.scripted(["RCPT r1@example.com": "550 5.1.1 no such reader"])
        let database = try await prepared(3)
        let services = try await services(database, to: "smtp://127.0.0.1:\(server.port)?tls=none")
        let run = try await services.jobs.run("outbox-delivery").run
        #expect(run.processed == 2 && run.failed == 1)
        #expect(try await messages(database).map(\.state) == [.delivered, .dead, .delivered])
    }

    @Test(arguments: [
        (["RCPT": "550 5.1.1 r0@example.com is unknown"] as [String: String?], OutboxMessage.State.dead, 1),
        (["greeting": "silence"], .due, 0), (["RCPT": "451 4.3.0 later"], .due, 1), (["body": nil], .due, 1),
    ])
    func whatAServerDoesDecidesWhetherToTryAgain(
        answers: [String: String?], state: OutboxMessage.State, attempts: Int
    ) async throws {
        let server = try await LoopbackServer.scripted(answers)
        let database = try await prepared()
        let services = try await services(database, to: "smtp://127.0.0.1:\(server.port)?tls=none") { mail in
            mail.timeout = TimeSpan(milliseconds: 1500)
        }
        #expect(try await services.jobs.run("outbox-delivery").run.failed == 1)
        let message = try #require(try await messages(database).first)
        #expect(message.state == state && message.attempts == attempts)
        #expect(message.lastError?.contains("@") == false)
    }

    // MARK: - Words

    @Test func theWelcomeTellsOfTheFreeDaysInTheReadersTimeAndLanguage() async throws {
        let database = try await prepared(language: .german, name: "Ada")
        let services = try await services(database, to: nil) { mail in mail.siteName = "Hafenzeitung" }
        let reference = try #require(try await messages(database).first?.reference)
        let letter = try await services.outbox.show(reference)
        #expect(letter.recipient == "r0@example.com")
        #expect(letter.text.contains("15. Januar 2026") && letter.text.contains("01:00"))
        #expect(letter.text.contains("14") && letter.text.contains("Ada") && letter.text.contains("Hafenzeitung"))
    }

    @Test func datesAreOfTheReadersZone() throws {
        let moment = TestDatabase.start + .hours(23)
        let berlin = LetterDate(moment, zone: try Zone(parsing: "Europe/Berlin"), language: .german)
        #expect(berlin.date == "2. Januar 2026" && berlin.time == "00:00")
        let newYork = LetterDate(moment, zone: try Zone(parsing: "America/New_York"), language: .english)
        #expect(newYork.date == "1 January 2026" && newYork.time == "18:00")
    }

    @Test func anUnknownMessageIsRefusedByName() async throws {
        let database = try await prepared()
        let first = try #require(try await messages(database).first?.reference)
        let unknown = MessageReference(account: first.account, sequence: 2)
        for attempt in [
            { _ = try await database.services.outbox.show(unknown) },
            { _ = try await database.services.outbox.retry(unknown) },
        ] {
            let error = await #expect(throws: MembershipError.self) { try await attempt() }
            #expect(error?.code == .unknownMessage && error?.message.contains("\(unknown)") == true)
        }
        #expect(try MessageReference(parsing: "\(first)") == first)
        for text in ["", "#1", "\(first.account)", "\(first.account)#", "\(first.account)#0", "\(first.account)#+1"] {
            #expect(throws: MembershipError.self) { try MessageReference(parsing: text) }
        }
    }
}
