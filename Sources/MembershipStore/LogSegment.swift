import Crypto
import Foundation
import Membership

/// A piece of a database's log, in a file of its own: a line that says what it is, whole transactions as they stand in
/// the log, and a SHA-256 of all that.
struct LogSegment: Sendable {
    let path: String
    let heading: Heading
    /// Where the frames begin in the file.
    private let start: Int
    private let header: LogHeader

    struct Heading: Codable, Equatable, Sendable {
        /// The form of the file.
        var format = 1
        /// The base that it belongs to.
        let generation: String
        /// Its place behind the base, from 1.
        let number: Int
        /// The header of the log that the frames are from, in hexadecimal digits.
        let log: String
        let firstFrame: Int
        let frames: Int
        /// Of the log before the first frame.
        let checksum: String
        /// Everything that was acknowledged before is in this or an earlier one.
        let completeUntil: Timestamp
        /// Nothing that was acknowledged later is in this or an earlier one.
        let copiedAt: Timestamp
        /// When the newest event was recorded that is in this or an earlier one; nil when none is known.
        let newestEvent: Timestamp?
    }

    static let suffix = ".segment"

    /// A segment number as the file has it in its name.
    static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + suffix
    }

    /// Reads what the first line says, and sees that the file has all its bytes.
    ///
    /// - Throws: ``MembershipError`` with code `backup_damaged`, naming the file.
    init(reading path: String) throws {
        let reader = try FileReader(path)
        let beginning = try reader.read(4096, at: 0)
        guard let lineEnd = beginning.firstIndex(of: UInt8(ascii: "\n")),
            let heading = try? BackupDirectory.decoder.decode(Heading.self, from: Data(beginning[..<lineEnd])),
            heading.format == 1, heading.frames > 0, heading.firstFrame > 0,
            let header = [UInt8](hexadecimal: heading.log).flatMap(LogHeader.init)
        else { throw LogSegment.damaged(path, "its first line is not that of a segment") }
        let size = lineEnd + 1 + heading.frames * header.frameSize + SHA256.byteCount
        guard try reader.size() == size else {
            throw LogSegment.damaged(path, "it has \(try reader.size()) bytes of \(size)")
        }
        (self.path, self.heading, self.header, start) = (path, heading, header, lineEnd + 1)
    }

    /// Copies frames out of a log into a new segment.
    ///
    /// - Returns: the place behind the last of them.
    /// - Throws: ``BrokenLog`` when they do not follow on what was copied before.
    static func write(
        _ path: String, generation: String, number: Int, from position: LogPosition, upTo last: Int, of log: FileReader,
        completeUntil: Timestamp, copiedAt: Timestamp, newestEvent: Timestamp?
    ) throws -> LogPosition {
        let header = position.header
        let heading = Heading(
            generation: generation, number: number, log: header.bytes.hexadecimal, firstFrame: position.frame + 1,
            frames: last - position.frame, checksum: position.checksum.text, completeUntil: completeUntil,
            copiedAt: copiedAt, newestEvent: newestEvent)
        let draft = try DraftFile(for: path)
        defer { draft.discard() }
        var (position, digest) = (position, SHA256())
        let writer = try FileWriter(draft.draft)
        func write(_ bytes: [UInt8]) throws {
            digest.update(data: bytes)
            try writer.write(bytes)
        }
        try write(Array(BackupDirectory.encoder.encode(heading)) + [UInt8(ascii: "\n")])
        while position.frame < last {
            let count = min(256, last - position.frame)
            let bytes = try log.read(count * header.frameSize, at: header.offset(of: position.frame + 1))
            guard bytes.count == count * header.frameSize else { throw BrokenLog(what: "the log ends early") }
            for place in stride(from: 0, to: bytes.count, by: header.frameSize) {
                let frame = bytes[place..<(place + header.frameSize)]
                guard let checksum = header.checksum(behind: frame, position.checksum) else {
                    throw BrokenLog(what: "frame \(position.frame + 1) of the log does not follow on those before")
                }
                position.frame += 1
                position.checksum = checksum
                // The size of the database after a transaction stands in its last frame.
                guard position.frame < last || bytes.bigEndian(at: place + 4) != 0 else {
                    throw BrokenLog(what: "the log ends inside a transaction")
                }
            }
            try write(bytes)
        }
        try writer.write(Array(digest.finalize()))
        try draft.publish()
        return position
    }

    /// The place behind the last frame.
    func end() throws -> LogPosition {
        let last = start + (heading.frames - 1) * header.frameSize
        return LogPosition(
            header: header, frame: heading.firstFrame + heading.frames - 1,
            checksum: LogChecksum(try FileReader(path).read(8, at: last + 16), at: 0))
    }

    /// Why this one cannot follow on another, or on the base when there is none before; nil when it does.
    func gap(after before: LogSegment?, _ end: LogPosition?) -> String? {
        guard heading.number == (before?.heading.number ?? 0) + 1 else {
            return "\(LogSegment.name((before?.heading.number ?? 0) + 1)) is missing"
        }
        let name = (path as NSString).lastPathComponent
        guard (path as NSString).lastPathComponent == LogSegment.name(heading.number) else {
            return "\(name) is segment \(heading.number) by what is in it"
        }
        let follows =
            end.map { end in
                end.header == header
                    ? heading.firstFrame == end.frame + 1 && heading.checksum == end.checksum.text
                    : heading.firstFrame == 1
            } ?? (heading.firstFrame == 1)
        return follows ? nil : "\(name) does not follow on the segment before"
    }

    /// Whether what is in it is what was written; shows the frames, a piece at a time.
    ///
    /// - Throws: ``MembershipError`` with code `backup_damaged`, naming the file.
    func read(_ body: ([UInt8]) throws -> Void) throws {
        let reader = try FileReader(path)
        let end = start + heading.frames * header.frameSize
        var digest = SHA256()
        digest.update(data: try reader.read(start, at: 0))
        var place = start
        while place < end {
            let piece = try reader.read(min(1 << 20, end - place), at: place)
            guard !piece.isEmpty else { throw LogSegment.damaged(path, "it ends early") }
            digest.update(data: piece)
            try body(piece)
            place += piece.count
        }
        guard try reader.read(SHA256.byteCount, at: end).elementsEqual(digest.finalize()) else {
            throw LogSegment.damaged(path, "its checksum is not that of what is in it")
        }
    }

    static func damaged(_ path: String, _ what: String) -> MembershipError {
        MembershipError(
            .backupDamaged, "\(path) is damaged: \(what).",
            remedy: "Get it back from another copy of the directory. fortnight restore --list shows which moments can "
                + "be restored without it.")
    }
}
