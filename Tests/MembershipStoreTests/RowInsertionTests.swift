import MembershipStore
import Testing
import TestSupport

struct RowInsertionTests {
    /// Columns that are known last may be given apart from the others.
    @Test(arguments: [0, 1, 31, 32, 33, 64, 100], [0, 1, 2])
    func rowsAreInsertedWhateverTheirNumber(count: Int, endingWith last: Int) async throws {
        let database = try await TestDatabase.sandbox()
        let whole = (0..<count).map { number -> [SQLValue] in
            [.integer(Int64(number)), number % 3 == 0 ? .null : .text("row \(number)"), .text("end \(number)")]
        }
        let rows = try await database.engine().write { sql in
            try sql.runScript("CREATE TABLE triples (n BIGINT PRIMARY KEY, t TEXT, e TEXT NOT NULL)")
            _ = try sql.run("INSERT INTO triples (n, e) VALUES (7, 'there')", [])
            try sql.insert(
                into: "triples", "n, t, e", values: whole.map { $0.dropLast(last) }.map(Array.init),
                ends: whole.flatMap { $0.suffix(last) },
                onConflict: "(n) DO UPDATE SET t = excluded.t, e = excluded.e || ' again'")
            return try sql.query("SELECT n, t, e FROM triples ORDER BY n", []) { row in (0..<3).map(row.value) }
        }
        let others: [[SQLValue]] = (0..<count).map { number in
            number == 7 ? [whole[7][0], whole[7][1], .text("end 7 again")] : whole[number]
        }
        #expect(rows == (count > 7 ? others : others + [[.integer(7), .null, .text("there")]]))
    }

    /// Of those that are inserted together, and of those that are inserted one by one.
    @Test(arguments: [5, 35])
    func oneRowThatIsRefusedTakesAllWithIt(refused: Int) async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        try await engine.write { try $0.runScript("CREATE TABLE triples (n BIGINT PRIMARY KEY, e TEXT NOT NULL)") }
        await #expect(throws: (any Error).self) {
            try await engine.write { sql in
                try sql.insert(
                    into: "triples", "n, e", values: (0..<40).map { [.integer($0)] },
                    ends: (0..<40).map { $0 == refused ? .null : .text("e") }, onConflict: nil)
            }
        }
        #expect(try await engine.read { try $0.first("SELECT count(*) FROM triples", []) { try $0.count(0) } } == 0)
        // The statement is as good as before.
        try await engine.write { sql in
            try sql.insert(
                into: "triples", "n, e", values: (0..<40).map { [.integer($0)] },
                ends: Array(repeating: .text("e"), count: 40), onConflict: nil)
        }
        #expect(try await engine.read { try $0.first("SELECT count(*) FROM triples", []) { try $0.count(0) } } == 40)
    }
}
