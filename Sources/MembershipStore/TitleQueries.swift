package import Membership

extension ReadTransaction {
    package func title(_ slug: Slug) throws -> Title? {
        try sql.first("SELECT \(titleColumns) FROM titles WHERE slug = $1", [slug], Title.init(row:))
    }

    /// Every title with the number of its articles, by slug.
    package func titles() throws -> [(title: Title, articleCount: Int)] {
        try sql.query(
            """
            SELECT \(titleColumns), (SELECT count(*) FROM articles WHERE articles.title_id = titles.title_id)
            FROM titles ORDER BY slug
            """,
            []
        ) { row in (try Title(row: row), try row.count(7)) }
    }

    /// Whether a title has a section of this name: one of its articles', or its own.
    package func hasSection(_ section: Slug, title: Title) throws -> Bool {
        if title.section.flatMap(Slug.init(from:)) == section { return true }
        return try sql.first(
            "SELECT 1 FROM articles WHERE title_id = $1 AND section_slug = $2 LIMIT 1", [title.id, section]
        ) { _ in true } ?? false
    }
}

extension WriteTransaction {
    /// Notes where a title that had no home page has it.
    package func learnHomePage(of title: Title) throws {
        guard let page = title.homePage else { return }
        try sql.run("UPDATE titles SET home_page = $1 WHERE title_id = $2 AND home_page IS NULL", [page, title.id])
    }

    /// Adds a title.
    ///
    /// - Throws: ``MembershipError`` with code `title_exists`.
    package func insertTitle(
        slug: Slug, name: String, section: String?, homePage: String?, language: String?
    ) throws -> Title {
        guard try title(slug) == nil else {
            throw MembershipError(
                .titleExists, "There is a title ‘\(slug)’ already.",
                remedy: "Choose another slug; fortnight title list shows those there are.")
        }
        let id: Identifier<Title> = try insertNew(into: "titles", key: "title_id") { id in
            try sql.run(
                """
                INSERT INTO titles (title_id, slug, name, section, home_page, language, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (title_id) DO NOTHING
                """,
                [id, slug, name, section, homePage, language, now])
        }
        return Title(
            id: id, slug: slug, name: name, section: section, homePage: homePage, language: language,
            createdAt: now)
    }
}

private let titleColumns = "title_id, slug, name, section, home_page, language, created_at"

extension Title {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), slug: Slug(stored: try row.text(1)), name: try row.text(2),
            section: try row.optionalText(3), homePage: try row.optionalText(4), language: try row.optionalText(5),
            createdAt: try row.timestamp(6))
    }
}
