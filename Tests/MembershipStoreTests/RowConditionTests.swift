import GRDB
import Membership
@testable import MembershipStore
import Testing
import TestSupport

/// What the schema asks of a row of the tables that readers fill, and how a check finds it.
@Suite(.enabled(if: TestEngine.isSQLite))
struct RowConditionTests {
    /// SQLite makes a table of a list of more than two values, anew for each row.
    @Test(arguments: [
        "subscriptions", "grants", "events", "event_heads", "outbox", "payments", "reads", "visitor_reads",
    ])
    func noRowIsWrittenWithATableMadeForIt(table: String) async throws {
        let sandbox = try await TestDatabase.sandbox()
        let database = try DatabaseQueue(path: sandbox.address)
        let steps = try await database.read { database in
            let columns = try database.columns(in: table).map(\.name)
            let values = columns.map { _ in "NULL" }.joined(separator: ", ")
            let key = try database.primaryKey(table).columns.map { "\($0) = 1" }.joined(separator: " AND ")
            let changes = columns.map { "\($0) = \($0)" }.joined(separator: ", ")
            return try ["INSERT INTO \(table) VALUES (\(values))", "UPDATE \(table) SET \(changes) WHERE \(key)"].map {
                try Row.fetchAll(database, sql: "EXPLAIN " + $0).map { $0["opcode"] as String }
            }
        }
        for steps in steps {
            #expect(steps.contains("IdxInsert") || steps.contains("Insert"))
            #expect(!steps.contains("OpenEphemeral"))
        }
    }

    @Test(arguments: [standingGrants, standingOnSQLite, meteredByAccount])
    func aCheckLooksUpNoRowBehindAnIndex(sql: String) async throws {
        let sandbox = try await TestDatabase.sandbox()
        let database = try DatabaseQueue(path: sandbox.address)
        let plan = try await database.read { database in
            let statement = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
            statement.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(statement).map { $0["detail"] as String }
        }
        for table in ["grants", "reads", "visitor_reads"] {
            let steps = plan.filter { $0.contains(" \(table) ") }
            #expect(steps.allSatisfy { $0.contains("SEARCH") && $0.contains("COVERING INDEX") }, "\(plan)")
        }
        #expect(plan.contains { $0.contains("COVERING INDEX") })
        // Nor that of an account, which is far from what she holds.
        let accounts = plan.filter { $0.contains(" accounts ") }
        #expect(accounts.allSatisfy { $0.contains("INDEX accounts_gone") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test func aRowHasOneOfTheValuesThatTheProgramKnows() async throws {
        let sandbox = try await TestDatabase.sandbox()
        let database = try DatabaseQueue(path: sandbox.address)
        let admissions = ["free", "registered", "entitled", "opened_before", "metered"]
        let sources = Grant.Source.allCases.map(\.rawValue)
        for (table, column, values) in [
            ("subscriptions", "status", Subscription.Status.allCases.map(\.rawValue)), ("grants", "source", sources),
            ("reads", "admitted_by", admissions), ("reads", "source", sources),
            ("visitor_reads", "admitted_by", ["free", "opened_before", "metered"]),
        ] {
            let sql = try await database.read {
                try #require(
                    try String.fetchOne($0, sql: "SELECT sql FROM sqlite_schema WHERE name = ?", arguments: [table]))
            }
            let wanted = values.map { "\(column) = '\($0)'" }.joined(separator: " OR ")
            #expect(sql.split { $0.isWhitespace }.joined(separator: " ").contains("CHECK (\(wanted))"), "\(table)")
        }
    }
}
