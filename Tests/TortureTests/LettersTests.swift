import Foundation
import Membership
import MembershipService
import TestSupport
import Testing
@testable import Torture

struct LettersTests {
    /// Two readers, each with the letter that welcomes her.
    private func office() async throws -> Office {
        let place = try DiskPlace("test")
        _ = try await DatabaseSetup(place.location, clock: Office.clock).initialize(.init(price: DiskPlace.price))
        let office = try await Office(place)
        for name in ["ada", "bob"] {
            _ = try await office.services.accounts.signUp(email: EmailAddress(parsing: name + "@example.com"))
        }
        _ = try await office.services.jobs.run("outbox-delivery")
        return office
    }

    // MARK: - The letters of a whole database

    @Test func eachMessageIsInOneLetter() async throws {
        let office = try await office()
        #expect(try office.letters.names().count == 2)
        #expect(try await office.faults() == [])
    }

    @Test func aDraftThatIsLeftIsAFault() async throws {
        let office = try await office()
        try office.write(".draft", "To: somebody")
        let faults = try await office.faults()
        #expect(faults.first == "a draft is left: .draft")
    }

    @Test func aMessageThatWasNotDeliveredIsAFault() async throws {
        let office = try await office()
        _ = try await office.services.accounts.signUp(email: EmailAddress(parsing: "cem@example.com"))
        let faults = try await office.faults()
        #expect(faults.count == 1 && faults[0].hasSuffix("was not delivered"), "\(faults)")
    }

    @Test func aLetterThatIsGoneIsAFault() async throws {
        let office = try await office()
        try office.remove(office.first())
        #expect(try await office.faults() == ["2 messages, and 1 letters; of no message: none"])
    }

    @Test func aLetterOfNoMessageAndAnIDThatTwoHaveAreFaults() async throws {
        let office = try await office()
        try office.write("again.eml", office.text(of: office.first()))
        let faults = try await office.faults()
        #expect(faults.count == 2)
        #expect(faults.first == "2 messages, and 3 letters; of no message: again.eml")
        #expect(faults.last?.hasSuffix("has no Message-ID of its own") == true)
    }

    @Test func aLetterWithoutAnIDIsAFault() async throws {
        let office = try await office()
        let name = try office.first()
        try office.write(name, "Subject: nothing\r\n\r\n")
        #expect(try await office.faults() == ["letter \(name) has no Message-ID of its own"])
    }

    // MARK: - The letters behind a cut

    /// Both letters came between the positions 10 and 20 of the journal.
    private func letters(of office: Office) throws -> CutLetters {
        let dated = try office.letters.names().map { DatedLetter(name: $0, absentAt: 10, presentAt: 20) }
        return try CutLetters(dated, in: office.place)
    }

    /// - Returns: the place in which the letters are that were there at a moment, how many, and what does not hold.
    private func cut(
        _ letters: CutLetters, of office: Office, at moment: Int64
    ) async throws -> (office: Office, there: Set<String>, faults: [String]) {
        let cut = try await Office(office.place.copy("test"))
        var dice = SeededNumbers(seed: 1)
        let (there, faults) = try await letters.put(into: cut.place, at: moment, Office.clock, &dice)
        return (cut, there, faults)
    }

    @Test func aLetterThatWasThereIsThereBehindTheCut() async throws {
        let office = try await office()
        let names = try office.letters.names()
        let letters = try letters(of: office)
        // Of one that came about then the database decides, which has recorded its delivery.
        let moments: [Int64] = [20, 15]
        for moment in moments {
            let behind = try await cut(letters, of: office, at: moment)
            #expect(behind.there == names)
            #expect(behind.faults == [])
            #expect(try behind.office.letters.names() == names)
            #expect(try letters.changes(of: names, in: behind.office.place) == [])
        }
    }

    @Test func aDeliveryThatIsRecordedBeforeItsLetterWasThereIsAFault() async throws {
        let office = try await office()
        let behind = try await cut(letters(of: office), of: office, at: 5)
        #expect(behind.there == [])
        #expect(behind.faults.count == 1 && behind.faults[0].hasSuffix("is delivered, and was not there"))
    }

    @Test func aLetterThatIsAnotherOneBehindTheCutIsAFault() async throws {
        let office = try await office()
        let letters = try letters(of: office)
        let behind = try await cut(letters, of: office, at: 20)
        let name = try behind.office.first()
        // In its own file: the one before the cut is the same file.
        try behind.office.remove(name)
        try behind.office.write(name, "Message-ID: <another@example.com>\r\n")
        #expect(
            try letters.changes(of: behind.there, in: behind.office.place)
                == ["letter \(name) is another one behind the cut"])
    }

    // MARK: - What was acknowledged

    @Test func whatWasAcknowledgedAndIsGoneAndWhatNobodyAskedForAreFaults() async throws {
        let office = try await office()
        let soundness = DatabaseSoundness(place: office.place, clock: Office.clock)
        let both: [Acknowledgement] = [.signedUp("ada@example.com"), .signedUp("bob@example.com")]
        #expect(await soundness.faults(acknowledged: both, issued: Set(both)) == [])
        let lost = await soundness.faults(acknowledged: both + [.paid("ref"), .opened("key"), .imported(1), .ran(1)])
        #expect(lost == ["4 of 6 acknowledged were lost, the first paid(\"ref\")"])
        let alien = await soundness.faults(acknowledged: both, issued: [both[0]])
        #expect(alien == ["signedUp(\"bob@example.com\") is there and was never asked for"])
    }
}

/// A database and its letters in a place of a test's own, gone when the test is.
private final class Office: Sendable {
    static let clock = WallClock { DiskPlace.start }

    let place: DiskPlace
    /// Open as long as the place is there: whoever closes a database last writes its log into it, maybe while it is
    /// copied.
    let services: Services

    init(_ place: DiskPlace) async throws {
        self.place = place
        services = try await Services.open(place.patientLocation, clock: Office.clock, options: place.letters.options)
    }

    deinit { place.remove() }

    var letters: Letters { place.letters }

    /// What does not hold of the letters.
    func faults() async throws -> [String] { try await letters.faults(services) }

    /// The name of one of them.
    func first() throws -> String {
        guard let name = try letters.names().min() else { throw Stopped("there is no letter") }
        return name
    }

    func text(of letter: String) throws -> String { try String(contentsOfFile: path(letter), encoding: .utf8) }

    func write(_ letter: String, _ text: String) throws {
        try text.write(toFile: path(letter), atomically: false, encoding: .utf8)
    }

    func remove(_ letter: String) throws { try FileManager.default.removeItem(atPath: path(letter)) }

    private func path(_ letter: String) -> String { letters.folder + "/" + letter }
}
