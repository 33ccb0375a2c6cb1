import Foundation
package import Membership

/// A directory from which a database can be restored as it was at many moments: a folder for each copy of the whole
/// database, with the pieces of its log that follow on it.
///
///     fortnight-backup/
///       lock                   held by the process that copies
///       fortnight.key          the key of the trial ledger
///       000001/base.db         a copy of the whole database
///       000001/base.json       what it is
///       000001/00000001.segment, 00000002.segment, …
package struct BackupDirectory: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    package var keyPath: String { path + "/fortnight.key" }

    /// Whether there is a directory of that name.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file` when that cannot be told.
    package func isThere() throws(MembershipError) -> Bool {
        try FileKind(at: path) == .directory
    }

    /// Makes the directory when it is not there.
    ///
    /// - Throws: ``MembershipError`` with code `database_exists` when something else has its name, or is in it.
    func create() throws(MembershipError) {
        if mkdir(path, 0o700) == 0 {
            do throws(MembershipError) {
                try DraftFile.sync((path as NSString).deletingLastPathComponent)
            } catch {
                // Whoever finds it takes it for one that is there for good.
                rmdir(path)
                throw error
            }
        } else {
            guard errno == EEXIST else { throw DraftFile.cannotWrite(path) }
            guard try isThere() else {
                throw MembershipError(
                    .databaseExists, "\(path) is there already, and is no directory.",
                    remedy: "Name a directory, or a place where there is nothing yet.")
            }
            let names = try BackupDirectory.names(in: path)
            guard names.isEmpty || names.contains("lock") else {
                throw MembershipError(
                    .databaseExists, "\(path) holds other files.", remedy: "Name an empty directory, or a new one.")
            }
        }
    }

    /// The names of the folders that are or were to be generations, oldest first.
    func folders() throws(MembershipError) -> [String] {
        try BackupDirectory.names(in: path).filter { name in
            name.count >= 6 && name.allSatisfy { ("0"..."9").contains($0) }
        }.sorted { ($0.count, $0) < ($1.count, $1) }
    }

    /// Each that was finished, oldest first: what it is; or what is wrong with it, `backup_damaged`, or
    /// `unreadable_file` for one that cannot be read now.
    func generations() throws -> [Result<BackupGeneration, MembershipError>] {
        try folders().compactMap(generation(in:))
    }

    /// What a folder is; nil when it was never finished.
    private func generation(in folder: String) throws -> Result<BackupGeneration, MembershipError>? {
        do {
            return try BackupGeneration(reading: path + "/" + folder).map { .success($0) }
        } catch let error as MembershipError where [.backupDamaged, .unreadableFile].contains(error.code) {
            return .failure(error)
        }
    }

    /// The one that a moment is restored from: the last that has it, or else the last that began by then. A clock that
    /// went back gives a later one earlier moments.
    ///
    /// - Parameter time: nil for the newest moment.
    /// - Throws: ``MembershipError`` with code `unknown_backup` when there is none so early, `backup_damaged` or
    ///   `unreadable_file` when one of which nothing is known may be the one.
    func generation(at time: Timestamp?) throws -> BackupGeneration {
        var (first, damage, earlier): (Timestamp?, MembershipError?, BackupGeneration?) = (nil, nil, nil)
        for generation in try generations().reversed() {
            switch generation {
            case .failure(let error): damage = damage ?? error
            // What is damaged and comes behind it is later still.
            case .success(let later) where time.map { later.manifest.copiedAt > $0 } ?? false:
                first = min(first ?? later.manifest.copiedAt, later.manifest.copiedAt)
                if earlier == nil { damage = nil }
            case .success(let found):
                guard let time else {
                    if let damage { throw damage }
                    return found
                }
                if try time <= found.chain().end { return found }
                if earlier == nil, let damage { throw damage }
                earlier = earlier ?? found
            }
        }
        if let earlier { return earlier }
        if let damage { throw damage }
        guard let first else { throw BackupDirectory.empty(path) }
        throw MembershipError(
            .unknownBackup, "\(path) does not go back to \(time?.rfc3339 ?? "").",
            remedy: "The first moment there is \(first).")
    }

    private static func empty(_ path: String) -> MembershipError {
        MembershipError(
            .unknownBackup, "There is no backup in \(path).",
            remedy:
                "Name a directory that fortnight backup --to-dir has written to, or a file that fortnight backup "
                + "has made.")
    }

    /// The place of the next one.
    func nextFolder() throws(MembershipError) -> String {
        let digits = String((try folders().last.flatMap { Int($0) } ?? 0) + 1)
        return path + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Which moments can be restored from one generation.
    package struct Extent: Equatable, Sendable {
        /// The name of its folder.
        package let name: String
        /// Nil, as ``until``, when nothing says what it is.
        package let from: Timestamp?
        package let until: Timestamp?
        package let segments: Int
        package let bytes: Int
        /// What keeps moments, or later ones, from being restored; nil when nothing does.
        package let fault: String?
    }

    /// What can be restored, oldest first. Only the beginnings of files are read; restoring reads them whole.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_backup` when there is nothing.
    package func extents() throws -> [Extent] {
        let extents = try folders().compactMap { folder in
            try generation(in: folder).map { try extent(of: $0, named: folder) }
        }
        guard !extents.isEmpty else { throw BackupDirectory.empty(path) }
        return extents
    }

    private func extent(of generation: Result<BackupGeneration, MembershipError>, named name: String) throws -> Extent {
        let found: BackupGeneration
        switch generation {
        case .success(let generation): found = generation
        case .failure(let error):
            return Extent(name: name, from: nil, until: nil, segments: 0, bytes: 0, fault: error.message)
        }
        let chain = try found.chain()
        let size = try DraftFile.isThere(found.base) ? FileReader(found.base).size() : 0
        let base =
            size == found.manifest.bytes
            ? nil : LogSegment.damaged(found.base, "it has \(size) bytes of \(found.manifest.bytes)")
        return Extent(
            name: name, from: found.manifest.copiedAt, until: chain.end, segments: chain.segments.count,
            bytes: try chain.segments.reduce(size) { $0 + (try FileReader($1.path).size()) },
            fault: (base ?? chain.fault)?.message)
    }

    /// Removes what a process that was killed has left, and the generations that are not needed to restore any moment
    /// since; never the newest that is whole, nor one that cannot be looked at.
    ///
    /// - Returns: how many whole ones were removed.
    func removeWhatIsOld(since moment: Timestamp?) throws -> Int {
        let folders = try folders()
        var removed = 0
        for name in try BackupDirectory.names(in: path) where name.hasSuffix(BackupDirectory.removedSuffix) {
            try? BackupDirectory.remove(path + "/" + name)
        }
        // Until the next one begins, its moments are only to be had from this one.
        var next: BackupGeneration?
        for name in folders.reversed() {
            let folder = path + "/" + name
            switch try generation(in: name) {
            case .success(let generation):
                defer { next = generation }
                guard let moment, let next, next.manifest.copiedAt <= moment else { continue }
                // Under a name that no generation has, should the rest be interrupted.
                let other = folder + "." + UUID().uuidString.prefix(8).lowercased() + BackupDirectory.removedSuffix
                guard rename(folder, other) == 0 else { continue }
                removed += 1
                try DraftFile.sync(path)
                try BackupDirectory.remove(other)
            case .failure: continue
            case nil: if next != nil { try BackupDirectory.remove(folder) }
            }
        }
        return removed
    }

    /// What the name of a folder ends with that is being removed.
    private static let removedSuffix = ".removed"

    /// Removes a folder with all that is of a backup in it. Of anybody else's files nothing is known.
    private static func remove(_ folder: String) throws(MembershipError) {
        for name in try names(in: folder)
        where name.hasPrefix(BackupGeneration.baseName) || name.hasPrefix(BackupGeneration.manifestName)
            || name.contains(LogSegment.suffix)
        {
            unlink(folder + "/" + name)
        }
        rmdir(folder)
    }

    /// Removes what a process that was killed was writing.
    func removeDrafts() {
        for folder in (try? folders()) ?? [] {
            let names = (try? BackupDirectory.names(in: path + "/" + folder)) ?? []
            for name in names where name.contains(DraftFile.suffix) { unlink(path + "/" + folder + "/" + name) }
        }
    }

    /// Makes sure that one process copies into the directory at a time, for as long as what is returned lives.
    ///
    /// - Throws: ``MembershipError`` with code `database_busy` when another does.
    func lock() throws(MembershipError) -> DirectoryLock {
        try DirectoryLock(path + "/lock")
    }

    static func names(in path: String) throws(MembershipError) -> [String] {
        // Foundation takes a directory whose reading fails for one that ends.
        guard let directory = opendir(path) else { throw FileReader.cannotRead(path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw FileReader.cannotRead(path) }
                return names.filter { $0 != "." && $0 != ".." }
            }
            let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
            names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
        }
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
