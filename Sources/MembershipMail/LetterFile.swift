import Foundation

/// The file of a letter that was delivered into a folder, and its draft: the same letter while it is being written.
package enum LetterFile {
    /// Where the letter is written before it takes its own name: one place for each letter, so that what an interrupted
    /// delivery leaves is found again.
    package static func draft(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." + path + ".tmp" }
        return path[...slash] + "." + path[path.index(after: slash)...] + ".tmp"
    }

    /// Whether something of the letter is there, or may be, because that cannot be told.
    package static func isThere(_ path: String) -> Bool {
        [path, draft(of: path)].contains { file in
            var status = stat()
            return lstat(file, &status) == 0 || ![ENOENT, ENOTDIR].contains(errno)
        }
    }

    /// Removes the letter and its draft.
    ///
    /// - Returns: false when neither was there any more.
    /// - Throws: ``MailFailure`` when one cannot be removed.
    package static func remove(_ path: String) throws(MailFailure) -> Bool {
        let wasDraft = try unlinkFile(draft(of: path))
        return try unlinkFile(path) || wasDraft
    }

    private static func unlinkFile(_ path: String) throws(MailFailure) -> Bool {
        if unlink(path) == 0 { return true }
        let number = errno
        if number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG { return false }
        throw .outage("The letter \(path) cannot be removed: \(String(cString: strerror(number))).")
    }
}
