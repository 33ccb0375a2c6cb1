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
        ) { row in (try Title(row: row), try row.count(8)) }
    }
}

extension WriteTransaction {
    /// Adds a title.
    ///
    /// - Throws: ``MembershipError`` with code `title_exists`.
    package func insertTitle(
        slug: Slug, name: String, access: AccessLevel, section: String?, homePage: String?, language: String?
    ) throws -> Title {
        guard try title(slug) == nil else {
            throw MembershipError(
                .titleExists, "There is a title ‘\(slug)’ already.",
                remedy: "Choose another slug; fortnight title list shows those there are.")
        }
        let id: Identifier<Title> = try insertNew(into: "titles", key: "title_id") { id in
            try sql.run(
                """
                INSERT INTO titles (title_id, slug, name, access, section, home_page, language, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (title_id) DO NOTHING
                """,
                [id, slug, name, access, section, homePage, language, now])
        }
        return Title(
            id: id, slug: slug, name: name, access: access, section: section, homePage: homePage, language: language,
            createdAt: now)
    }
}

private let titleColumns = "title_id, slug, name, access, section, home_page, language, created_at"

extension Title {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), slug: Slug(stored: try row.text(1)), name: try row.text(2),
            access: try row.choice(3), section: try row.optionalText(4), homePage: try row.optionalText(5),
            language: try row.optionalText(6), createdAt: try row.timestamp(7))
    }
}
