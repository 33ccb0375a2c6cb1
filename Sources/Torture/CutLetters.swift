import Foundation
import Membership
import MembershipService
import TestSupport

/// A letter, and when it came by the journal of the disk: at the one position it was not there, at the other it was.
struct DatedLetter: Sendable {
    let name: String
    let absentAt: Int64
    let presentAt: Int64
}

/// The letters of a database whose power went: they are on a disk of their own, which has kept all that was there.
struct CutLetters {
    private let dated: [DatedLetter]
    private let folder: String

    /// Takes the letters from where the database has them: what is delivered behind a cut goes elsewhere, and then takes
    /// away what an interrupted delivery has left there.
    init(_ letters: [DatedLetter], in place: DiskPlace) throws {
        (dated, folder) = (letters, place.path + "/kept")
        try FileManager.default.moveItem(atPath: place.letters.folder, toPath: folder)
    }

    /// Puts the letters that were there at a moment of the journal beside the database as it was cut then. Of one that came
    /// about then it is not known whether it was there: the database decides, and the dice where somebody had taken
    /// the message.
    ///
    /// - Returns: the names of those that were there, and what does not hold: whatever the database takes for delivered must
    ///   be there.
    func put(
        into cut: DiskPlace, at moment: Int64, _ clock: WallClock, _ dice: inout SeededNumbers
    ) async throws -> (there: Set<String>, faults: [String]) {
        let services = try await Services.open(cut.location, clock: clock)
        let messages = try await Letters.messages(services)
        let delivered = Set(messages.filter { $0.deliveredAt != nil }.compactMap(Letters.name))
        let taken = Set(messages.compactMap(Letters.name))
        let there = dated.filter { letter in
            if letter.presentAt <= moment { return true }
            guard letter.absentAt < moment, taken.contains(letter.name) else { return false }
            return delivered.contains(letter.name) || dice.chance(50)
        }
        try FileManager.default.createDirectory(atPath: cut.letters.folder, withIntermediateDirectories: false)
        let names = Set(there.map(\.name))
        for name in names {
            // The same file, because a letter that is delivered again is another one: thousands of new ones take long.
            guard link(folder + "/" + name, cut.letters.folder + "/" + name) == 0 else {
                throw Stopped(
                    "letter \(name) cannot be put into \(cut.letters.folder): \(String(cString: strerror(errno)))")
            }
        }
        return (names, delivered.subtracting(names).prefix(1).map { "\($0) is delivered, and was not there" })
    }

    /// What does not hold once everything was delivered behind the cut: who had a letter before got the same again.
    func changes(of there: Set<String>, in cut: DiskPlace) throws -> [String] {
        let changed = try there.filter { name in
            let (before, after) = (URL(filePath: folder + "/" + name), URL(filePath: cut.letters.folder + "/" + name))
            return try Data(contentsOf: before) != Data(contentsOf: after)
        }
        return changed.prefix(1).map { "letter \($0) is another one behind the cut" }
    }
}
