#if Postgres
import Membership

/// What PostgreSQL reported, by its SQLSTATE (PostgreSQL manual, appendix A).
struct PostgresFailure: Error {
    /// Five characters; nil when the connection broke before the server could say.
    let sqlState: String?
    /// In the server's words, without a password.
    let said: String
    let address: PostgresAddress

    /// Whether another try may succeed, because the transaction ran into another one.
    var isConflict: Bool {
        // Serialization failure, deadlock; and a unique violation, which two transactions cause that both looked first:
        // the next try sees what the other one wrote, and says so in its own words.
        ["40001", "40P01", "23505"].contains(sqlState)
    }

    /// Whether another connection is needed: connection exceptions, shutdown, crash, starting up; and statements that
    /// the server has forgotten (26000), or of which a table was changed since they were prepared (0A000).
    var endsConnection: Bool {
        guard let sqlState else { return true }
        return sqlState.hasPrefix("08")
            || ["57P01", "57P02", "57P03", "57P05", "25P03", "26000"].contains(sqlState)
            || sqlState == "0A000" && said.contains("cached plan")
    }

    var membershipError: MembershipError {
        let place = address.name
        guard let sqlState else {
            return MembershipError(
                .databaseUnavailable, "The connection to \(place) was lost: \(said)",
                remedy: "See that the server runs, and try again.")
        }
        switch sqlState {
        case "40001", "40P01":
            return MembershipError(
                .databaseBusy, "\(place) is busy: this kept running into other changes.", remedy: "Try again.")
        case "55P03":
            return MembershipError(
                .databaseBusy, "\(place) is busy: a lock was not to be had in time.", remedy: "Try again.")
        case "57014":
            return MembershipError(
                .databaseBusy, "\(place) is busy: a statement took too long and was stopped.",
                remedy: "Try again; if it goes on, look at pg_stat_activity.")
        case "3F000":
            return MembershipError(
                .databaseMissing, "No schema of the search path exists in \(place).",
                remedy: "Make it with CREATE SCHEMA, then run fortnight init.")
        case "53100", "53200":
            return MembershipError(
                .databaseFull, "\(place) has no space left: \(said)",
                remedy: "Free some on the server, and try again.")
        case "0A000" where said.contains("hot standby"), "25006":
            return MembershipError(
                .databaseReadOnly, "\(place) takes no writes: \(said)",
                remedy: "Name the primary, or add target_session_attrs=read-write to the address.")
        case "42501":
            return MembershipError(
                .databaseReadOnly, "\(place): \(said)",
                remedy:
                    "Grant this user the right to its schema; init and migrate need CREATE on the schema and TEMPORARY "
                    + "on the database too.")
        case "42P05", "26000":
            return MembershipError(
                .databaseUnavailable, "\(place) does not keep a connection to one program: \(said)",
                remedy: "Put no pooler in between that shares connections by transaction; one by session will do.")
        case let state where state.hasPrefix("23"):
            return MembershipError(
                .constraintViolated, "The database refused what would break a rule of it: \(said)")
        case let state where state.hasPrefix("54") || state.hasPrefix("22"):
            return MembershipError(.invalidInput, "\(place) cannot keep this: \(said)")
        case let state where state.hasPrefix("42") || state.hasPrefix("XX"):
            return MembershipError(
                .databaseDamaged, "\(place) is not as it should be: \(said)", remedy: "Run fortnight doctor.")
        default:
            return MembershipError(
                .databaseUnavailable, "\(place) cannot be used: \(said)",
                remedy: "See that the server runs, and try again.")
        }
    }

    /// Why no connection came about. libpq hands out no SQLSTATE for this, only the server's words.
    static func connecting(_ address: PostgresAddress, said: String) -> MembershipError {
        let said = said.onOneLine
        if said.contains("too many clients") || said.contains("too many connections")
            || said.contains("remaining connection slots")
        {
            return MembershipError(
                .databaseBusy, "\(address.name) has no connection left: \(said)",
                remedy: "Try again, or allow more on the server.")
        }
        let remedy =
            if said.contains("password") || said.contains("authentication") {
                "Check the user and the password, in PGPASSWORD or a password file."
            } else if said.contains("database \""), said.contains("does not exist") {
                "Make it with createdb, then run fortnight init."
            } else {
                "See that the server runs there and lets this user in."
            }
        return MembershipError(.databaseUnavailable, "\(address.name) cannot be reached: \(said)", remedy: remedy)
    }
}

extension String {
    /// Lines behind each other, apart by a sign.
    var onOneLine: String {
        split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .filter { !$0.isEmpty }.reduce("") { before, line in
                guard let last = before.last else { return line }
                return before + (last.isPunctuation ? " " : "; ") + line
            }
    }
}

/// What is waited for, and for how long.
struct PostgresLimits: Sendable {
    var connections = 8
    /// How long a caller waits for a connection of the pool, and a lost connection is tried to be had again.
    var wait = TimeSpan(milliseconds: 5000)
    var statementMilliseconds = 60_000
    var connectSeconds = 10
    /// How often a write is tried that runs into others.
    var tries = 20
    /// PostgreSQL 13, the oldest that is still looked after as this is written.
    var oldestServer = 130_000

    var lockMilliseconds: Int64 { min(max(1, wait.milliseconds), Int64(Int32.max)) }

    func checkVersion(_ version: Int, of address: PostgresAddress) throws(MembershipError) {
        guard version < oldestServer else { return }
        throw MembershipError(
            .databaseUnavailable,
            "\(address.name) is PostgreSQL \(version / 10_000).\(version % 10_000), which is too old.",
            remedy: "PostgreSQL \(oldestServer / 10_000) or later is needed.")
    }
}
#endif
