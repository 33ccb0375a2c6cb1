import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct ChainWalkTests {
    /// Three accounts of four, three and five events.
    private func database() async throws -> (TestDatabase, [Identifier<Account>]) {
        let database = try await TestDatabase.sandbox()
        var accounts: [Identifier<Account>] = []
        for (name, more) in [("ada", 2), ("bob", 1), ("cem", 3)] {
            let reference = AccountReference.email(try EmailAddress(parsing: name + "@example.com"))
            let account = try await database.services.accounts.signUp(
                email: EmailAddress(parsing: name + "@example.com")
            ).account.id
            for number in 0..<more {
                if number.isMultiple(of: 2) {
                    _ = try await database.services.accounts.suspend(reference, reason: "Why \(number)")
                } else {
                    _ = try await database.services.accounts.reinstate(reference, reason: "Why \(number)")
                }
            }
            accounts.append(account)
        }
        return (database, accounts)
    }

    private func faults(
        _ database: TestDatabase, page: Int = 2000
    ) async throws -> (faults: [ChainFault], accounts: Int, events: Int) {
        let store = try await database.store()
        var walk = ChainWalk()
        var faults: [ChainFault] = []
        while !walk.isOver {
            let (next, found) = try await store.read { [walk] tx in
                var walk = walk
                let found = try walk.next(tx, limit: page)
                return (walk, found)
            }
            walk = next
            faults += found
        }
        return (faults, walk.accountCount, walk.eventCount)
    }

    /// Does something to the events behind the program's back, and tells what is found, whatever the pages are.
    private func found(after tampering: String...) async throws -> [String] {
        let (database, accounts) = try await database()
        try await database.engine().write { sql in
            for statement in tampering {
                let named = zip(["$ada", "$bob", "$cem"], accounts).reduce(statement) { text, pair in
                    text.replacingOccurrences(of: pair.0, with: String(pair.1.rawValue))
                }
                try sql.runScript(named)
            }
        }
        let whole = try await faults(database).faults
        for page in [1, 2, 3, 4, 5] { #expect(try await faults(database, page: page).faults == whole, "page \(page)") }
        for (account, name) in zip(accounts, ["ada", "bob", "cem"]) {
            let single = try await database.store().read { tx in try tx.chainFault(of: account) }
            #expect(single == whole.first { $0.account == account }?.what, "\(name)")
        }
        return whole.map { fault in
            (accounts.firstIndex(of: fault.account).map { ["ada", "bob", "cem"][$0] } ?? "?") + ": " + fault.what
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 12, 13, 2000])
    func everyAccountAndEventIsLookedAtOnceWhateverThePages(page: Int) async throws {
        let (database, _) = try await database()
        let result = try await faults(database, page: page)
        #expect(result.faults.isEmpty)
        #expect(result.accounts == 3)
        #expect(result.events == 12)
    }

    @Test(arguments: [
        "kind = 'trial.extended'", "actor = 'operator:eve'", "data = '{\"days\":99}'", "subscription_id = NULL",
        "effective_at = effective_at - 1", "recorded_at = recorded_at + 1", "reason_sha256 = hash",
    ])
    func aChangedEventIsFound(change: String) async throws {
        #expect(
            try await found(after: "UPDATE events SET \(change) WHERE account_id = $ada AND sequence = 2")
                == ["ada: event 2 was changed or inserted"])
    }

    @Test func aChangedReasonIsFound() async throws {
        #expect(
            try await found(
                after: "UPDATE events SET reason = 'Because' WHERE account_id = $ada AND sequence = 3",
                "UPDATE events SET reason = 'Because' WHERE account_id = $bob AND sequence = 1")
                == ["ada: the reason of event 3 was changed", "bob: the reason of event 1 was changed"])
    }

    @Test func aReasonThatWasRemovedIsMissedUnlessItsAccountWasErased() async throws {
        let removal = "UPDATE events SET reason = NULL, reason_salt = NULL WHERE account_id = $cem"
        let missed = try await found(after: removal)
        #expect(missed.count == 1)
        #expect(missed.first?.hasPrefix("cem: the reason of event") == true)
        #expect(try await found(after: removal, "UPDATE accounts SET erased_at = 1 WHERE account_id = $cem").isEmpty)
    }

    @Test func aMissingEventIsFoundWhereverItStood() async throws {
        let forget = "DELETE FROM outbox WHERE account_id = $ada"
        #expect(
            try await found(after: forget, "DELETE FROM events WHERE account_id = $ada AND sequence = 1")
                == ["ada: event 1 is missing"])
        #expect(
            try await found(after: "DELETE FROM events WHERE account_id = $ada AND sequence = 3")
                == ["ada: event 3 is missing"])
        #expect(
            try await found(after: "DELETE FROM events WHERE account_id = $ada AND sequence >= 3")
                == ["ada: event 3 is missing at the end"])
        #expect(
            try await found(after: forget, "DELETE FROM events WHERE account_id = $ada")
                == ["ada: event 1 is missing at the end"])
    }

    @Test func eventsThatWereMovedUpAreFound() async throws {
        #expect(
            try await found(
                after: "DELETE FROM events WHERE account_id = $cem AND sequence = 3",
                "UPDATE events SET sequence = 3 WHERE account_id = $cem AND sequence = 4",
                "UPDATE events SET sequence = 4 WHERE account_id = $cem AND sequence = 5",
                "UPDATE event_heads SET sequence = 4 WHERE account_id = $cem")
                == ["cem: event 3 was changed or inserted"])
    }

    @Test func aMissingHeadIsFound() async throws {
        #expect(
            try await found(after: "DELETE FROM event_heads WHERE account_id = $bob")
                == ["bob: its last event is not known"])
        #expect(
            try await found(
                after: "DELETE FROM outbox WHERE account_id = $bob", "DELETE FROM events WHERE account_id = $bob",
                "DELETE FROM event_heads WHERE account_id = $bob") == ["bob: all its events are missing"])
    }

    @Test func aHeadThatWasChangedIsFound() async throws {
        #expect(
            try await found(
                after: "UPDATE event_heads SET hash = '\(String(repeating: "a", count: 64))' WHERE account_id = $bob")
                == ["bob: its last event is not the one that was recorded"])
    }

    @Test func anInsertedEventIsFound() async throws {
        let copy = """
            INSERT INTO events (account_id, sequence, kind, actor, data, effective_at, recorded_at, hash)
            SELECT account_id, sequence + 1, 'grant.added', actor, data, effective_at, recorded_at, hash FROM events
            WHERE account_id = $ada AND sequence = 4
            """
        #expect(try await found(after: copy) == ["ada: event 5 was changed or inserted"])
        // One that continues the chain is found by the head.
        let (database, accounts) = try await database()
        let store = try await database.store()
        try await store.write { tx in try tx.record(.accountSuspended, account: accounts[0]) }
        try await store.engine.write { sql in
            _ = try sql.run(
                """
                UPDATE event_heads SET sequence = 4,
                    hash = (SELECT hash FROM events WHERE account_id = $1 AND sequence = 4)
                WHERE account_id = $1
                """, [accounts[0]])
        }
        let whole = try await faults(database).faults
        #expect(whole.map(\.account) == [accounts[0]])
        #expect(whole.map(\.what) == ["event 5 was inserted at the end"])
    }

    @Test func eventsThatChangedPlacesAreFound() async throws {
        #expect(
            try await found(
                after: "UPDATE events SET sequence = 99 WHERE account_id = $cem AND sequence = 3",
                "UPDATE events SET sequence = 3 WHERE account_id = $cem AND sequence = 4",
                "UPDATE events SET sequence = 4 WHERE account_id = $cem AND sequence = 99")
                == ["cem: event 3 was changed or inserted"])
        // Those of one account in place of another's.
        #expect(
            try await found(
                after: """
                    UPDATE events SET data = (SELECT o.data FROM events AS o WHERE o.account_id = $bob AND o.sequence = 2)
                    WHERE account_id = $ada AND sequence = 2
                    """) == ["ada: event 2 was changed or inserted"])
    }

    @Test func whatComesWhileItIsWalkedAlongIsNoFault() async throws {
        let (database, accounts) = try await database()
        let store = try await database.store()
        var walk = ChainWalk()
        var rounds = 0
        while !walk.isOver {
            let (next, found) = try await store.read { [walk] tx in
                var walk = walk
                let found = try walk.next(tx, limit: 3)
                return (walk, found)
            }
            walk = next
            #expect(found.isEmpty)
            rounds += 1
            if rounds < 8 {
                for account in accounts { try await store.write { tx in try tx.record(.grantAdded, account: account) } }
            }
        }
        #expect(walk.accountCount == 3)
    }
}
