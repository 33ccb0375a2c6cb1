import Foundation
import Testing
import TestSupport

/// What was read, on the command line.
struct ReadsCommandTests {
    private let visitor = "5f0c8e0c-6a51-4b8e"

    /// One title, two readers and a visitor, in January 2098.
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        try await shell.fortnight("clock", "set", "2098-01-15T10:00:00Z")
        try await shell.fortnight("title", "add", "north", "--name", "North", "--access", "free")
        let items = (1...3).map { number in
            [
                "id": "\(number)", "title": "A \(number)", "date_published": "2026-01-01T00:00:00Z",
                "content_html": "<p>Words.</p>",
            ]
        }
        let feed: [String: Any] = [
            "version": "https://jsonfeed.org/version/1.1", "title": "North", "home_page_url": "https://n.example/",
            "items": items,
        ]
        _ = try shell.directory.write("north.json", [UInt8](JSONSerialization.data(withJSONObject: feed)))
        try await shell.fortnight("article", "import", "north.json", "--title", "north")
        try await shell.fortnight("signup", "ada@example.com", "--no-trial")
        for article in ["north/a-1", "north/a-1", "north/a-2", "north/a-3"] {
            try await shell.fortnight("open", "ada@example.com", article)
            try await shell.fortnight("clock", "advance", "1m")
        }
        try await shell.fortnight("open", "--visitor", visitor, "north/a-1", "--client-key", "k-1", "--seconds", "9")
        return shell
    }

    @Test func aMonthIsATableWithTotals() async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight("reads", "report", "--month", "2098-01", "--by", "article")
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                2098-01 (UTC), by article

                ARTICLE    READS  ARTICLES READ  READERS  SHARE     PERCENT
                north/a-1  3      2              2        1.333333  66.67
                north/a-2  1      1              1        0.333333  16.67
                north/a-3  1      1              1        0.333333  16.67
                total      5      4              2        2.000000  100.00

                """)
        #expect(outcome.errors.contains("2098-01 (UTC) is not complete"))
        // What was opened in the last moment may still be on its way.
        try await shell.fortnight("clock", "set", "2098-02-01T00:09:59Z")
        let early = try await shell.fortnight("reads", "report", "--month", "2098-01", "--by", "article")
        #expect(early.output == outcome.output && early.errors.contains("2098-01 (UTC) is not complete"))
        try await shell.fortnight("clock", "set", "2098-02-01T00:10:00Z")
        let final = try await shell.fortnight("reads", "report", "--month", "2098-01", "--by", "article")
        #expect(final.output == outcome.output && final.errors.isEmpty)
        let day = try await shell.fortnight(
            "reads", "report", "--month", "2098-01", "--by", "day", "--time-zone", "Pacific/Auckland")
        #expect(day.output.contains("2098-01 (Pacific/Auckland), by day"))
        #expect(day.output.contains("\n2098-01-15  5 "))
    }

    @Test func asJSONItIsALineForEachItem() async throws {
        let shell = try await prepared()
        try await shell.fortnight("clock", "set", "2098-02-01T00:10:00Z")
        let outcome = try await shell.fortnight("reads", "report", "--month", "2098-01", "--json")
        #expect(
            outcome.output == """
                {"article_id":null,"articles_read":4,"by":"title","complete":true,"item":"north","month":"2098-01",\
                "percent":"100.000000","readers":2,"reads":5,"section":null,"share":"2.000000","time_zone":"UTC",\
                "title":"north","total_readers":2}

                """)
        #expect(outcome.errors.isEmpty)
        let empty = try await shell.fortnight("reads", "report", "--month", "2025-01")
        #expect(empty.status == 0 && empty.output.isEmpty && empty.errors.contains("Nothing was read"))
    }

    @Test func aReadersReadsAreListed() async throws {
        let shell = try await prepared()
        let list = try await shell.fortnight("reads", "list", "ada@example.com", "--limit", "2")
        #expect(list.status == 0)
        #expect(list.output.contains("north/a-3") && list.output.contains("north/a-2"))
        #expect(!list.output.contains("north/a-1"))
        #expect(list.errors.contains("--limit"))
        let visitors = try await shell.fortnight("reads", "list", "--visitor", visitor, "--json").jsonLines()
        #expect(visitors.count == 1)
        #expect(visitors.first?["article"] as? String == "north/a-1")
        #expect(visitors.first?["client_key"] as? String == "k-1")
        #expect(visitors.first?["seconds"] as? Int == 9)
        #expect(visitors.first?["admitted_by"] as? String == "free")
        let nobody = try await shell.fortnight("reads", "list", "--visitor", "nobody-has-this-id")
        #expect(nobody.status == 0 && nobody.errors.contains("no reads"))
    }

    @Test(
        arguments: [
            (["report", "--month", "2026-13"], 64, "‘2026-13’"), (["report", "--month", "November"], 64, "‘November’"),
            (["report", "--month", "2098-02"], 64, "‘2098-02’"), (["report"], 64, "--month"),
            (["report", "--month", "2098-01", "--by", "author"], 64, "‘author’"),
            (["report", "--month", "2098-01", "--time-zone", "Mars"], 64, "‘Mars’"),
            (["list"], 64, "account"), (["list", "ada@example.com", "--visitor", "5f0c8e0c-6a51-4b8e"], 64, "visitor"),
            (["list", "no@example.com"], 66, "no@example.com"), (["list", "--visitor", "short"], 64, "‘short’"),
            (["list", "ada@example.com", "--limit", "0"], 64, "‘0’"),
        ] as [([String], Int32, String)])
    func badInputIsRefusedByName(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        try await shell.fortnight("clock", "set", "2098-01-15T10:00:00Z")
        let outcome = try await shell.run("/usr/bin/env", ["{}", "reads"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named))
        #expect(outcome.output.isEmpty)
    }
}
