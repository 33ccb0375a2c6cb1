import FaultyFiles
import TestSupport

/// What was done to a file, as a disk is told of it.
struct DiskRecord {
    /// The file, counted from 0 in the order of their first opening; one that is made anew under an old name is another.
    let file: Int32
    let change: Change

    enum Change {
        case write([UInt8], at: Int)
        case truncation(to: Int)
        /// What was recorded before this position is on the disk.
        case sync(begunAt: Int64)
        case removal

        /// How long the file is behind it at least.
        var end: Int {
            switch self {
            case .write(let bytes, let offset): offset + bytes.count
            case .truncation(let size): size
            case .sync, .removal: 0
            }
        }
    }
}

/// What was done to files, in order.
struct DiskRecording {
    /// How many records there are.
    let end: Int64
    let record: (Int64) -> DiskRecord
    let path: (Int32) -> String

    /// What the VFS has recorded up to a position.
    static func ofVFS(until end: Int64) -> DiskRecording {
        DiskRecording(
            end: end, record: DiskRecord.init(recordedAt:),
            path: { faulty_files_path($0).map { String(cString: $0) } ?? "" })
    }
}

extension DiskRecord {
    fileprivate init(recordedAt position: Int64) {
        let record = faulty_files_at(position)
        file = record.file
        switch UInt32(record.kind) {
        case FAULTY_FILES_RECORD_SYNC.rawValue: change = .sync(begunAt: record.offset)
        case FAULTY_FILES_RECORD_DELETE.rawValue: change = .removal
        case FAULTY_FILES_RECORD_TRUNCATE.rawValue: change = .truncation(to: Int(record.offset))
        default:
            let bytes = Array(UnsafeBufferPointer(start: record.bytes, count: Int(record.length)))
            change = .write(bytes, at: Int(record.offset))
        }
    }
}

/// What the files of a directory could hold after a power cut at a moment of the journal.
///
/// What was written before a sync of the file began that came to its end is there. Of what was written later each sector
/// may be there, or not, or a part of it; and the file may have grown without it.
struct DiskJournal {
    private let recording: DiskRecording
    /// From here on a sync comes to its end, and puts nothing on the disk.
    private let deafFrom: Int64
    /// How far the journal has been followed.
    private var position: Int64 = 0
    private var files: [Int32: File] = [:]

    /// What is known of a file at ``position``.
    private struct File {
        let path: String
        /// What a sync has put on the disk.
        var durable: [UInt8] = []
        /// What was done since, or before and not yet put there.
        var pending: [Int64] = []
        var wasSynced = false
        var isDeleted = false
        /// Whether the disk knows that.
        var isGone = false
    }

    /// How much of what was not synced got to the disk.
    enum Luck: CaseIterable {
        case nothing, everything, some
    }

    /// The files as a disk could have them, by path, and what of the journal is not in them.
    struct Images {
        fileprivate(set) var files: [String: [UInt8]] = [:]
        fileprivate(set) var lost = Lost()
    }

    /// How much of what was not synced did not get to the disk.
    struct Lost: Equatable {
        /// Writes and truncations of which nothing did.
        var dropped = 0
        /// Writes of which a part did.
        var torn = 0

        static func += (left: inout Lost, right: Lost) {
            left.dropped += right.dropped
            left.torn += right.torn
        }
    }

    /// - Parameter deafFrom: the position from which on a sync only says that it has been made.
    init(_ recording: DiskRecording, deafFrom: Int64 = .max) {
        self.recording = recording
        self.deafFrom = deafFrom
    }

    /// Follows the journal up to a position, which must not lie before the last one.
    mutating func advance(to target: Int64) {
        while position < min(target, recording.end) {
            take(recording.record(position), at: position)
            position += 1
        }
    }

    private mutating func take(_ record: DiskRecord, at position: Int64) {
        var file = files[record.file] ?? File(path: recording.path(record.file))
        switch record.change {
        case .sync(let begun):
            guard position < deafFrom else { break }
            let synced = file.pending.prefix { $0 < begun }
            for place in synced { Disk.apply(recording.record(place).change, to: &file.durable) }
            file.pending.removeFirst(synced.count)
            // With a log or a journal that it has made, SQLite syncs the directory too.
            if !file.wasSynced, file.path.hasSuffix("-wal") || file.path.hasSuffix("-journal") {
                for number in files.keys where files[number]?.isDeleted == true { files[number]?.isGone = true }
            }
            file.wasSynced = true
        case .removal:
            file.isDeleted = true
        case .write, .truncation:
            file.pending.append(position)
        }
        files[record.file] = file
    }

    /// The files as a disk could have them if the power went now.
    func images(_ luck: Luck, _ dice: inout SeededNumbers) -> Images {
        var images = Images()
        let byPath = Dictionary(grouping: files.sorted { $0.key < $1.key }.map(\.value), by: \.path)
        for (path, lives) in byPath.sorted(by: { $0.key < $1.key }) {
            guard let file = survivor(of: lives, luck, &dice) else { continue }
            images.files[path] = image(of: file, luck, &dice, &images.lost)
        }
        return images
    }

    /// Of the files that had one name, the one that the directory names: what was removed or made since the last sync
    /// may be known to the disk or not.
    private func survivor(of lives: [File], _ luck: Luck, _ dice: inout SeededNumbers) -> File? {
        let first = lives.lastIndex(where: \.wasSynced) ?? 0
        var candidates: [File?] = []
        for file in lives[first...] {
            if !file.isGone { candidates.append(file) }
            if file.isDeleted { candidates.append(nil) }
        }
        switch luck {
        case .nothing: return candidates.first ?? nil
        case .everything: return candidates.last ?? nil
        case .some: return dice.pick(candidates)
        }
    }

    private func image(
        of file: File, _ luck: Luck, _ dice: inout SeededNumbers, _ lost: inout Lost
    ) -> [UInt8] {
        var image = file.durable
        switch luck {
        case .nothing: lost.dropped += file.pending.count
        case .everything:
            for place in file.pending { Disk.apply(recording.record(place).change, to: &image) }
        case .some:
            let disk = Disk(sector: dice.pick([512, 4096]), kept: dice.pick([10, 50, 90]))
            var length = image.count
            for place in file.pending {
                let change = recording.record(place).change
                switch disk.applySome(of: change, to: &image, &dice) {
                case .whole: break
                case .part: lost.torn += 1
                case .nothing: lost.dropped += 1
                }
                length = max(length, change.end)
            }
            // The length is kept elsewhere than what stands there.
            if length > image.count, dice.chance(30) {
                image.append(contentsOf: repeatElement(0, count: length - image.count))
            }
        }
        return image
    }
}

/// A disk, and how much of what it was given last it has kept.
private struct Disk {
    /// What it writes at once, in bytes.
    let sector: Int
    /// How many sectors of a hundred are kept.
    let kept: Int

    /// How much of a change is kept.
    enum Extent {
        case whole, part, nothing
    }

    static func apply(_ change: DiskRecord.Change, to image: inout [UInt8]) {
        switch change {
        case .write(let bytes, let offset): put(bytes[...], at: offset, into: &image)
        case .truncation(let size): resize(&image, to: size)
        case .sync, .removal: break
        }
    }

    func applySome(of change: DiskRecord.Change, to image: inout [UInt8], _ dice: inout SeededNumbers) -> Extent {
        guard case .write(let bytes, let offset) = change else {
            guard dice.chance(kept) else { return .nothing }
            Disk.apply(change, to: &image)
            return .whole
        }
        var (start, written) = (0, 0)
        while start < bytes.count {
            let end = min(bytes.count, (offset + start) / sector * sector + sector - offset)
            var range = start..<start
            if dice.chance(10) {
                // Torn: the beginning of the sector, or its end.
                let middle = start + dice.below(end - start + 1)
                range = dice.chance(50) ? start..<middle : middle..<end
            } else if dice.chance(kept) {
                range = start..<end
            }
            Disk.put(bytes[range], at: offset + range.lowerBound, into: &image)
            written += range.count
            start = end
        }
        return written == bytes.count ? .whole : written == 0 ? .nothing : .part
    }

    private static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, into image: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if image.count < offset + bytes.count { resize(&image, to: offset + bytes.count) }
        image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    private static func resize(_ image: inout [UInt8], to count: Int) {
        if image.count > count {
            image.removeLast(image.count - count)
        } else {
            image.append(contentsOf: repeatElement(0, count: count - image.count))
        }
    }
}
