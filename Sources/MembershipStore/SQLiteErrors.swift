import GRDB
import Membership

/// Runs the body, putting what SQLite reports into the words of this system.
func translatingErrors<Result>(path: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as DatabaseError {
        throw membershipError(error, path: path)
    }
}

/// The same for a body that waits.
func translatingErrors<Result: Sendable>(
    path: String, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    do {
        return try await body()
    } catch let error as DatabaseError {
        throw membershipError(error, path: path)
    }
}

private func membershipError(_ error: DatabaseError, path: String) -> MembershipError {
    let said = error.message ?? "no message"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
        // The last is said by SQLite when it has lost the race for a lock of the log again and again.
        return MembershipError(
            .databaseBusy, "\(path) is locked: another process has been writing to it for too long.",
            remedy: "Try again; if it stays locked, find the process that holds it, with fuser \(path).")
    case .SQLITE_READONLY:
        return MembershipError(
            .databaseReadOnly, "\(path) cannot be written to.",
            remedy: "Give this user write permission for the file and its directory; reading needs it too, for the log."
        )
    case .SQLITE_FULL:
        return MembershipError(
            .databaseFull, "The disk that holds \(path) is full; what was not acknowledged was not written.",
            remedy: "Free some space and run the command again.")
    case .SQLITE_IOERR:
        return MembershipError(
            .databaseUnavailable, "The disk refused to read or write \(path): \(said).",
            remedy:
                "Look at the space left, the file size limit and the system log; what was not acknowledged was not written."
        )
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
        return MembershipError(
            .databaseUnavailable, "\(path) cannot be opened: \(said).",
            remedy: "Check that the directory exists and that this user may read and write in it.")
    case .SQLITE_NOTADB:
        return MembershipError(
            .notADatabase, "\(path) is not an SQLite database.", remedy: "Name another file with --database.")
    case .SQLITE_CORRUPT:
        return damaged(path, said)
    case .SQLITE_CONSTRAINT:
        return MembershipError(.constraintViolated, "The database refused what would break a rule of it: \(said).")
    case .SQLITE_ERROR:
        return damaged(path, said)
    default:
        return MembershipError(.databaseUnavailable, "\(path) cannot be used: \(said).")
    }
}

/// What to do about damage to a database that is in use.
package let damageRemedy = "Run fortnight doctor to see how far, and restore a backup."

private func damaged(_ path: String, _ said: String) -> MembershipError {
    MembershipError(
        .databaseDamaged, "\(path) is damaged: \(said).", remedy: damageRemedy)
}
