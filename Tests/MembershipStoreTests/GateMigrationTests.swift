import Membership
import MembershipService
import Migrations
import Testing
import TestSupport

@testable import MembershipStore

/// The access that titles and articles had in a database of schema version 2 is that of their rules in version 3.
struct GateMigrationTests {
    private let start = TestDatabase.start

    /// A database at schema version 2: a title a level, and articles with and without an access of their own.
    private func old() async throws -> OldDatabase {
        let start = start.milliseconds
        return try await OldDatabase(version: 2) { sql in
            try sql.run(
                "INSERT INTO deployment (deployment_id, sandbox_now, key_fingerprint, created_at) "
                    + "VALUES (1, \(start + 1000), 'none', \(start))", [])
            for (id, title) in AccessLevel.allCases.enumerated() {
                try sql.run(
                    "INSERT INTO titles (title_id, slug, name, access, created_at) "
                        + "VALUES (\(id + 1), '\(title.rawValue)', 'Name', '\(title.rawValue)', \(start))", [])
                for (place, access) in ([nil] + AccessLevel.allCases).enumerated() {
                    let number = (id + 1) * 10 + place
                    let section = ["'Sport'", "'Kunst & Kultur'", "NULL", "'!!!'", "'Sport'"][place]
                    // The last was brought in before it is published.
                    let publishedAt = place == 4 ? start + 500 : start - 5000
                    try sql.run(
                        "INSERT INTO articles (article_id, title_id, slug, source_id, headline, section, access, "
                            + "published_at, imported_at) VALUES (\(number), \(id + 1), 'a\(place)', 'a\(place)', "
                            + "'Headline', \(section), \(access.map { "'\($0.rawValue)'" } ?? "NULL"), "
                            + "\(publishedAt), \(start + 100))", [])
                }
            }
        }
    }

    @Test func everyArticleIsAsOpenAsItWas() async throws {
        let old = try await old()
        let migrated = try await DatabaseSetup(old.location).migrate(dryRun: false)
        #expect(migrated.migrations == sqliteMigrations.dropFirst(2).map(\.name))
        let rules = try await Services.open(old.location).rules
        for title in AccessLevel.allCases {
            for (place, access) in ([nil] + AccessLevel.allCases).enumerated() {
                let article = try ArticleReference(parsing: "\(title.rawValue)/a\(place)")
                let explanation = try await rules.explain(article)
                #expect(explanation.access.level == access ?? title, "\(article)")
                #expect(
                    explanation.access.opening.map(\.name) == ["all-titles", "title:\(title.rawValue)"], "\(article)")
                #expect(explanation.access.allowance == .none && explanation.access.unreadable == nil)
                // It holds from when the article can be read, too.
                let publishedAt = explanation.access.publishedAt
                #expect(try await rules.explain(article, at: publishedAt).access.level == access ?? title)
            }
        }
        #expect(try await rules.list().count == 4 + 16)
    }

    @Test func sectionsGetSlugs() async throws {
        let old = try await old()
        _ = try await DatabaseSetup(old.location).migrate(dryRun: false)
        let slugs = try await old.engine.read { sql in
            try sql.query("SELECT section_slug FROM articles WHERE title_id = 1 ORDER BY article_id", []) {
                try $0.optionalText(0)
            }
        }
        #expect(slugs == ["sport", "kunst-kultur", nil, nil, "sport"])
        let services = try await Services.open(old.location)
        var change = RuleChange()
        change.access = .free
        let target = try RuleTarget(parsing: "section:premium/sport")
        _ = try await services.rules.set(target, change, .init())
        let article = try ArticleReference(parsing: "premium/a0")
        #expect(try await services.rules.explain(article).access.origin == target)
    }

    @Test func manySectionsGetSlugsInOneGoThroughTheArticles() async throws {
        let old = try await old()
        let count = 1500
        try await old.engine.write { [start] sql in
            for number in 0..<(2 * count) {
                try sql.submit(
                    "INSERT INTO articles (article_id, title_id, slug, source_id, headline, section, published_at, "
                        + "imported_at) VALUES ($1, 1, $2, $3, 'Headline', $4, $5, $6)",
                    [1000 + number, "s\(number)", "s\(number)", "Ort & Land \(number % count)", start, start])
            }
        }
        let tables = try await old.engine.read { sql in try sql.tableNames() }
        _ = try await DatabaseSetup(old.location).migrate(dryRun: false)
        func slugs() async throws -> [String?] {
            try await old.engine.read { sql in
                try sql.query("SELECT section_slug FROM articles WHERE article_id >= 1000 ORDER BY article_id", []) {
                    try $0.optionalText(0)
                }
            }
        }
        let expected = (0..<(2 * count)).map { "ort-land-\($0 % count)" }
        #expect(try await slugs() == expected)
        // Once more, to see how often.
        let statements = try await old.engine.upgrade { sql in
            try sql.run("UPDATE articles SET section_slug = NULL", [])
            let counted = CountedStatements(of: sql)
            try counted.nameSections()
            return counted.texts
        }
        #expect(try await slugs() == expected)
        // One takes over how sections are ordered, and reads none.
        let readers = statements.filter { $0.contains("articles") && !$0.contains("WHERE 1 = 0") }
        #expect(readers.count == 2, "\(statements.count)")
        let left = try await old.engine.read { sql in try sql.tableNames() }
        #expect(Set(tables).isSubset(of: left) && !left.contains("section_names"))
    }

    @Test func whoVoidedARuleEarlierIsNotKnownAndTheRuleStaysVoided() async throws {
        let start = start.milliseconds
        let old = try await OldDatabase(version: 6) { sql in
            try sql.run(
                "INSERT INTO deployment (deployment_id, sandbox_now, key_fingerprint, created_at) "
                    + "VALUES (1, \(start + 1000), 'none', \(start))", [])
            try sql.run(
                "INSERT INTO access_rules (rule_id, target, access, withdrawn, starts_at, actor, recorded_at, "
                    + "voided_at) VALUES (1, 'default', 'free', 0, \(start), 'unnamed', \(start), \(start + 500))", [])
        }
        _ = try await DatabaseSetup(old.location).migrate(dryRun: false)
        let rules = try await Services.open(old.location).rules
        #expect(try await rules.list().isEmpty)
        let voided = try await rules.list(withVoided: true)
        #expect(voided.map(\.voiding) == [.init(at: self.start + TimeSpan(milliseconds: 500), actor: nil)])
    }

    @Test func aDatabaseWithoutTitlesHasNoRules() async throws {
        let old = try await old()
        try await old.engine.write { sql in try sql.runScript("DELETE FROM articles; DELETE FROM titles") }
        _ = try await DatabaseSetup(old.location).migrate(dryRun: false)
        #expect(try await Services.open(old.location).rules.list().isEmpty)
    }
}

/// A connection that keeps the statements that pass through it.
private final class CountedStatements: SQLConnection {
    private let base: any SQLConnection
    private(set) var texts: [String] = []

    init(of base: any SQLConnection) {
        self.base = base
    }

    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int {
        texts.append(sql)
        return try base.run(sql, arguments)
    }

    func each(_ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws {
        texts.append(sql)
        try base.each(sql, arguments, body)
    }

    func runScript(_ sql: String) throws {
        texts.append(sql)
        try base.runScript(sql)
    }

    var isSQLite: Bool { base.isSQLite }
    var claim: String { base.claim }

    var hold: String { base.hold }
    func tableNames() throws -> [String] { try base.tableNames() }
    func columns(of table: String) throws -> [TableColumn] { try base.columns(of: table) }
}
