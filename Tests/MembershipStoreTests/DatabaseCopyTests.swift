import Membership
import MembershipStore
import Testing
import TestSupport

struct DatabaseCopyTests {
    @Test func everyTableIsCopiedOrLeftOutOnPurpose() async throws {
        let database = try await TestDatabase.sandbox()
        let tables = try await database.engine().read { try $0.tableNames() }
        #expect(Set(tables) == Set(CopiedTable.all.map(\.name) + CopiedTable.leftOut))
        #expect(tables.count == CopiedTable.all.count + CopiedTable.leftOut.count)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aTableStandsBehindThoseItRefersTo() async throws {
        let database = try await TestDatabase.sandbox()
        let names = CopiedTable.all.map(\.name)
        for (place, name) in names.enumerated() {
            let others = try await database.engine().read { sql in
                try sql.query("SELECT \"table\" FROM pragma_foreign_key_list($1)", [name]) { try $0.text(0) }
            }
            for other in others { #expect(names[..<place].contains(other), "\(name) refers to \(other)") }
        }
    }

    @Test func columnsAndKeysAreReadFromTheSchema() async throws {
        let database = try await TestDatabase.sandbox()
        let columns = try await database.engine().read { try $0.columns(of: "plan_prices") }
        #expect(columns.map(\.name) == ["plan", "version", "currency", "amount_minor"])
        #expect(columns.map(\.keyPlace) == [1, 2, 3, nil])
        let names = CopiedTable.all.map(\.name)
        let keys = try await database.engine().read { sql in
            try names.map { name in try sql.columns(of: name).contains { $0.keyPlace != nil } }
        }
        #expect(!keys.contains(false))
    }

    @Test func loadedRowsAreWhatWasLoaded() async throws {
        let database = try await TestDatabase.sandbox()
        let texts = [
            "plain", "tab\tand\nline\r\n", "back\\slash \\N \\. \\t", "", "ümläut 💡", "'quoted' \"twice\"", "\\.",
        ]
        let rows: [[SQLValue]] = texts.map { [.text("d" + $0), .integer(Int64.max)] }
        try await database.engine().write { sql in
            try sql.load(rows, into: "disposable_domains", columns: ["domain", "added_at"])
            try sql.load([], into: "disposable_domains", columns: ["domain", "added_at"])
            // The conversation goes on as before.
            _ = try sql.first("SELECT count(*) FROM disposable_domains", []) { try $0.count(0) }
        }
        let found = try await database.engine().read { sql in
            try sql.query("SELECT domain FROM disposable_domains", []) { try $0.text(0) }
        }
        #expect(Set(found) == Set(texts.map { "d" + $0 }))
    }

    @Test func whatTheTableRefusesIsAnErrorAndTheConnectionGoesOn() async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        let rows: [[SQLValue]] = [[.text("a"), .integer(1)], [.text("a"), .integer(1)]]
        await #expect(throws: MembershipError.self) {
            try await engine.write { try $0.load(rows, into: "disposable_domains", columns: ["domain", "added_at"]) }
        }
        await #expect(throws: MembershipError.self) {
            try await engine.write { try $0.load(rows, into: "no_such_table", columns: ["domain"]) }
        }
        #expect(
            try await engine.read { sql in
                try sql.first("SELECT count(*) FROM disposable_domains", []) { try $0.count(0) }
            } == 0)
    }
}
