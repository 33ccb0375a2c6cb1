package import Membership
package import MembershipStore

/// What tests ask of a database, and the program does not.
extension ReadTransaction {
    /// How many accounts there are.
    package func accountCount() throws -> Int {
        try sql.first("SELECT count(*) FROM accounts", []) { try $0.count(0) } ?? 0
    }

    /// How many events of a kind there are.
    package func eventCount(_ kind: Event.Kind) throws -> Int {
        try sql.first("SELECT count(*) FROM events WHERE kind = $1", [kind]) { try $0.count(0) } ?? 0
    }

    /// The messages to an account, in the order of the events they tell of.
    package func messages(to account: Identifier<Account>) throws -> [Message] {
        try sql.query(
            "SELECT message FROM outbox WHERE account_id = $1 ORDER BY event_sequence", [account]
        ) { try $0.choice(0) }
    }

    /// What is wrong with the chain of an account's events; nil when nothing is.
    package func chainFault(of account: Identifier<Account>) throws -> String? {
        try chainVerdict(of: account).fault
    }
}
