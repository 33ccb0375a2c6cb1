import FaultyFiles
import TestSupport

/// What the files of a directory could hold after a power cut at a moment of the journal.
///
/// What was written before a sync of the file began that came to its end is there. Of what was written later each sector
/// may be there, or not, or a part of it; and the file may have grown without it.
struct DiskJournal {
    private let end: Int64
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

    init(end: Int64) { self.end = end }

    /// Follows the journal up to a position, which must not lie before the last one.
    mutating func advance(to target: Int64) {
        while position < min(target, end) {
            let record = faulty_files_at(position)
            take(record, at: position)
            position += 1
        }
    }

    private mutating func take(_ record: FaultyFilesRecord, at position: Int64) {
        var file = files[record.file] ?? File(path: faulty_files_path(record.file).map { String(cString: $0) } ?? "")
        switch UInt32(record.kind) {
        case FAULTY_FILES_RECORD_SYNC.rawValue:
            let synced = file.pending.prefix { $0 < record.offset }
            for place in synced { Disk.apply(faulty_files_at(place), to: &file.durable) }
            file.pending.removeFirst(synced.count)
            // With a log or a journal that it has made, SQLite syncs the directory too.
            if !file.wasSynced, file.path.hasSuffix("-wal") || file.path.hasSuffix("-journal") {
                for number in files.keys where files[number]?.isDeleted == true { files[number]?.isGone = true }
            }
            file.wasSynced = true
        case FAULTY_FILES_RECORD_DELETE.rawValue:
            file.isDeleted = true
        default:
            file.pending.append(position)
        }
        files[record.file] = file
    }

    /// The files as a disk could have them if the power went now, by path.
    func images(_ luck: Luck, _ dice: inout SeededNumbers) -> [String: [UInt8]] {
        var images: [String: [UInt8]] = [:]
        let byPath = Dictionary(grouping: files.sorted { $0.key < $1.key }.map(\.value), by: \.path)
        for (path, lives) in byPath.sorted(by: { $0.key < $1.key }) {
            guard let file = survivor(of: lives, luck, &dice) else { continue }
            images[path] = image(of: file, luck, &dice)
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

    private func image(of file: File, _ luck: Luck, _ dice: inout SeededNumbers) -> [UInt8] {
        var image = file.durable
        switch luck {
        case .nothing: break
        case .everything:
            for place in file.pending { Disk.apply(faulty_files_at(place), to: &image) }
        case .some:
            let disk = Disk(sector: dice.pick([512, 4096]), kept: dice.pick([10, 50, 90]))
            var length = image.count
            for place in file.pending {
                let record = faulty_files_at(place)
                disk.applySome(of: record, to: &image, &dice)
                length = max(length, Int(record.offset + record.length))
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

    static func apply(_ record: FaultyFilesRecord, to image: inout [UInt8]) {
        if UInt32(record.kind) == FAULTY_FILES_RECORD_TRUNCATE.rawValue {
            resize(&image, to: Int(record.offset))
        } else {
            put(record, 0..<Int(record.length), into: &image)
        }
    }

    func applySome(of record: FaultyFilesRecord, to image: inout [UInt8], _ dice: inout SeededNumbers) {
        guard UInt32(record.kind) == FAULTY_FILES_RECORD_WRITE.rawValue else {
            if dice.chance(kept) { Disk.apply(record, to: &image) }
            return
        }
        let (offset, length) = (Int(record.offset), Int(record.length))
        var start = 0
        while start < length {
            let end = min(length, (offset + start) / sector * sector + sector - offset)
            if dice.chance(10) {
                // Torn: the beginning of the sector, or its end.
                let middle = start + dice.below(end - start + 1)
                Disk.put(record, dice.chance(50) ? start..<middle : middle..<end, into: &image)
            } else if dice.chance(kept) {
                Disk.put(record, start..<end, into: &image)
            }
            start = end
        }
    }

    private static func put(_ record: FaultyFilesRecord, _ range: Range<Int>, into image: inout [UInt8]) {
        guard !range.isEmpty, let bytes = record.bytes else { return }
        let offset = Int(record.offset)
        if image.count < offset + range.upperBound { resize(&image, to: offset + range.upperBound) }
        image.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress else { return }
            (base + offset + range.lowerBound).copyMemory(from: bytes + range.lowerBound, byteCount: range.count)
        }
    }

    private static func resize(_ image: inout [UInt8], to count: Int) {
        if image.count > count {
            image.removeLast(image.count - count)
        } else {
            image.append(contentsOf: repeatElement(0, count: count - image.count))
        }
    }
}
