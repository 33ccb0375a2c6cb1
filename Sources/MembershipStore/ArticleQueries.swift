package import Membership

/// An article as a feed last gave it, as it is stored.
package struct StoredArticle: Equatable, Sendable {
    package let id: Identifier<Article>
    package let slug: Slug
    package var sourceID: String
    package var headline: String
    package var section: String?
    package var publishedAt: Timestamp
    package var updatedAt: Timestamp?
    /// The feed's words: an editor's are kept apart.
    package var content: ArticleContent

    package init(
        id: Identifier<Article>, slug: Slug, sourceID: String, headline: String, section: String?,
        publishedAt: Timestamp, updatedAt: Timestamp?, content: ArticleContent
    ) {
        self.id = id
        self.slug = slug
        self.sourceID = sourceID
        self.headline = headline
        self.section = section
        self.publishedAt = publishedAt
        self.updatedAt = updatedAt
        self.content = content
    }
}

extension ReadTransaction {
    /// An article by either of its names.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_article`.
    package func article(_ reference: ArticleReference) throws -> Article {
        try found(askArticle(reference), reference)
    }

    func askArticle(_ reference: ArticleReference) throws -> SQLAnswer<Article> {
        switch reference {
        case .id(let id): try sql.ask(articleByID, [id], Article.init(row:))
        case .key(let key): try sql.ask(articleByKey, [key.title, key.slug]) { try Article(row: $0, key: key) }
        }
    }

    func found(_ answer: SQLAnswer<Article>, _ reference: ArticleReference) throws -> Article {
        guard let article = try answer.first() else {
            throw MembershipError(
                .unknownArticle, "There is no article ‘\(reference)’.",
                remedy: "fortnight article list shows the articles there are.")
        }
        return article
    }

    /// Articles by their names, of those that there are.
    package func articles(_ references: [ArticleReference]) throws -> [ArticleReference: Article] {
        var found: [ArticleReference: Article] = [:]
        let ids = references.compactMap { if case .id(let id) = $0 { id } else { nil } }
        let keys = references.compactMap { if case .key(let key) = $0 { key } else { nil } }
        for (title, keys) in Dictionary(grouping: keys, by: \.title) {
            for article in try articles(
                "titles.slug = $1 AND articles.slug IN (\(placeholders(keys.count, from: 2)))",
                [title] + keys.map(\.slug))
            {
                found[.key(article.key)] = article
            }
        }
        if !ids.isEmpty {
            for article in try articles("article_id IN (\(placeholders(ids.count)))", ids) {
                found[.id(article.id)] = article
            }
        }
        return found
    }

    private func articles(_ condition: String, _ arguments: [any SQLValueConvertible]) throws -> [Article] {
        try sql.query(
            "SELECT \(articleColumns) FROM \(articleTables) WHERE \(condition)", arguments, Article.init(row:))
    }

    /// An article as it was known at a moment: with the date and the section that it had then.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_article` when it had not been brought in by then.
    package func article(_ article: Article, asKnownAt moment: Timestamp) throws -> Article {
        guard article.importedAt <= moment else {
            throw MembershipError(
                .unknownArticle, "‘\(article.key)’ was brought in at \(article.importedAt), after \(moment).",
                remedy: "Ask about a later time.")
        }
        let corrected = try sql.first(
            """
            SELECT published_at, section, section_slug FROM article_corrections
            WHERE article_id = $1 AND replaced_at > $2 ORDER BY replaced_at LIMIT 1
            """,
            [article.id, moment]
        ) { row in
            Article(
                id: article.id, key: article.key, headline: article.headline, section: try row.optionalText(1),
                sectionSlug: try row.optionalText(2).map(Slug.init(stored:)), publishedAt: try row.timestamp(0),
                updatedAt: article.updatedAt, importedAt: article.importedAt)
        }
        return corrected ?? article
    }

    /// What an article says.
    ///
    /// - Parameter known: what was read before, which does when nothing that is published has changed since.
    package func content(of id: Identifier<Article>, known: KnownContent? = nil) throws -> KnownContent {
        let version = try sql.catalog()?.version
        if let version {
            if let known, known.article == id, known.version == version { return known }
            if let kept = sql.contents?.content(of: id, version: version) { return kept }
        }
        guard let content = try sql.first(contentByID, [id], { try ArticleContent(row: $0, from: 0) }) else {
            throw MembershipError(.databaseDamaged, "Article \(id) has no content.", remedy: "Run fortnight doctor.")
        }
        let found = KnownContent(of: id, content, version: version)
        if version != nil { sql.contents?.keep(found) }
        return found
    }

    /// The newest articles, at most `limit` of them.
    package func articles(title: Slug?, section: String?, limit: Int) throws -> [Article] {
        var conditions: [String] = []
        var arguments: [any SQLValueConvertible] = []
        if let title {
            arguments.append(title)
            conditions.append("titles.slug = $\(arguments.count)")
        }
        if let section {
            arguments.append(section)
            conditions.append("articles.section = $\(arguments.count)")
        }
        arguments.append(limit)
        return try sql.query(
            """
            SELECT \(articleColumns) FROM \(articleTables)
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY published_at DESC, article_id DESC LIMIT $\(arguments.count)
            """,
            arguments, Article.init(row:))
    }

    /// The article that a feed knows by this id.
    package func storedArticle(title: Identifier<Title>, sourceID: String) throws -> StoredArticle? {
        try sql.first(
            "SELECT \(storedColumns) FROM \(storedTables) WHERE title_id = $1 AND source_id = $2", [title, sourceID],
            StoredArticle.init(row:))
    }

    /// The articles that stand at this link.
    package func storedArticles(title: Identifier<Title>, link: String) throws -> [StoredArticle] {
        try sql.query(
            "SELECT \(storedColumns) FROM \(storedTables) WHERE title_id = $1 AND link = $2 ORDER BY articles.article_id",
            [title, link], StoredArticle.init(row:))
    }

    package func isSlugTaken(_ slug: Slug, title: Identifier<Title>) throws -> Bool {
        try sql.first("SELECT 1 FROM articles WHERE title_id = $1 AND slug = $2", [title, slug]) { _ in true } ?? false
    }
}

extension WriteTransaction {
    package func insertArticle(
        title: Identifier<Title>, slug: Slug, sourceID: String, headline: String, section: String?,
        publishedAt: Timestamp, updatedAt: Timestamp?, content: ArticleContent
    ) throws -> Identifier<Article> {
        let id: Identifier<Article> = try insertNew(into: "articles", key: "article_id") { id in
            try sql.run(
                """
                INSERT INTO articles (article_id, title_id, slug, source_id, link, headline, section, section_slug,
                    published_at, updated_at, imported_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                ON CONFLICT (article_id) DO NOTHING
                """,
                [
                    id, title, slug, sourceID, content.link, headline, section, section.flatMap(Slug.init(from:)),
                    publishedAt, updatedAt, now,
                ])
        }
        try sql.run(
            """
            INSERT INTO article_contents (article_id, author, summary, key_points, categories, image_url, language,
                opening, body_html)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                id, content.author, content.summary, StringList.text(content.keyPoints),
                StringList.text(content.categories),
                content.imageURL, content.language, content.opening, content.bodyHTML,
            ])
        return id
    }

    /// Takes over what a feed now says, leaving slug, access and an editor's words as they are.
    package func update(_ article: StoredArticle) throws {
        let content = article.content
        try keepCorrected(article)
        try sql.run(
            """
            UPDATE articles SET source_id = $1, link = $2, headline = $3, section = $4, section_slug = $5,
                published_at = $6, updated_at = $7
            WHERE article_id = $8
            """,
            [
                article.sourceID, content.link, article.headline, article.section,
                article.section.flatMap(Slug.init(from:)), article.publishedAt, article.updatedAt, article.id,
            ])
        try sql.run(
            """
            UPDATE article_contents SET author = $1, summary = $2, key_points = $3, categories = $4, image_url = $5,
                language = $6, opening = $7, body_html = $8
            WHERE article_id = $9
            """,
            [
                content.author, content.summary, StringList.text(content.keyPoints),
                StringList.text(content.categories),
                content.imageURL, content.language, content.opening, content.bodyHTML, article.id,
            ])
    }

    /// Keeps the date and the section that an article had, when it is to have others: decisions were made by them.
    private func keepCorrected(_ article: StoredArticle) throws {
        try sql.run(
            """
            INSERT INTO article_corrections (article_id, replaced_at, published_at, section, section_slug)
            SELECT article_id, CAST($1 AS BIGINT), published_at, section, section_slug FROM articles
            WHERE article_id = $2 AND (published_at <> $3 OR coalesce(section, '') <> $4)
            ON CONFLICT (article_id, replaced_at) DO NOTHING
            """,
            [now, article.id, article.publishedAt, article.section ?? ""])
    }

    /// Sets an editor's summary; nil lets the feed's show again.
    package func setEditedSummary(of id: Identifier<Article>, to summary: String?) throws {
        try sql.run("UPDATE article_contents SET edited_summary = $1 WHERE article_id = $2", [summary, id])
    }

    /// Sets an editor's key points; nil lets the feed's show again.
    package func setEditedKeyPoints(of id: Identifier<Article>, to keyPoints: [String]?) throws {
        try sql.run(
            "UPDATE article_contents SET edited_key_points = $1 WHERE article_id = $2",
            [keyPoints.map(StringList.text), id])
    }
}

// MARK: - Rows

private let articleTables = "articles JOIN titles ON titles.title_id = articles.title_id"
private let articleColumns = """
    article_id, titles.slug, articles.slug, headline, articles.section, section_slug, published_at, updated_at,
    imported_at
    """
// Put together once: they are asked with every decision, or every opening.
private let articleByID = "SELECT \(articleColumns) FROM \(articleTables) WHERE article_id = $1"
private let articleByKey = """
    SELECT \(articleColumns) FROM \(articleTables) WHERE titles.slug = $1 AND articles.slug = $2
    """
/// An editor's words before the feed's.
private let contentByID = """
    SELECT author, link, coalesce(edited_summary, summary), coalesce(edited_key_points, key_points), categories,
        image_url, language, opening, body_html
    FROM \(storedTables) WHERE articles.article_id = $1
    """
private let storedTables = "articles JOIN article_contents ON article_contents.article_id = articles.article_id"
private let storedColumns = """
    articles.article_id, slug, source_id, headline, section, published_at, updated_at, author, link, summary,
    key_points, categories, image_url, language, opening, body_html
    """

extension Article {
    init(row: any SQLRow) throws {
        try self.init(
            row: row, key: ArticleKey(title: Slug(stored: try row.text(1)), slug: Slug(stored: try row.text(2))))
    }

    /// - Parameter key: what it was asked for by, so that the same text is not kept twice.
    fileprivate init(row: any SQLRow, key: ArticleKey) throws {
        self.init(
            id: try row.identifier(0), key: key,
            headline: try row.text(3), section: try row.optionalText(4),
            sectionSlug: try row.optionalText(5).map(Slug.init(stored:)), publishedAt: try row.timestamp(6),
            updatedAt: try row.optionalTimestamp(7), importedAt: try row.timestamp(8))
    }
}

extension SQLConnection {
    /// Gives every article of a database from before rules the name of its section. However many sections there are, the
    /// articles are gone through once.
    func nameSections() throws {
        let sections = try query(
            "SELECT DISTINCT section FROM articles WHERE section IS NOT NULL", []
        ) { try $0.text(0) }
        // With the order of the articles' own column: by an index of another PostgreSQL finds none of them.
        try runScript(
            """
            CREATE TABLE section_names AS SELECT section, section AS slug FROM articles WHERE 1 = 0;
            CREATE UNIQUE INDEX section_names_by_section ON section_names (section)
            """)
        try insert(
            into: "section_names", "section, slug",
            sections.compactMap { section in Slug(from: section).map { [section, $0] } })
        try run(
            """
            UPDATE articles SET section_slug =
                (SELECT slug FROM section_names WHERE section_names.section = articles.section)
            WHERE section IS NOT NULL
            """, [])
        try runScript("DROP TABLE section_names")
    }
}

extension StoredArticle {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), slug: Slug(stored: try row.text(1)), sourceID: try row.text(2),
            headline: try row.text(3), section: try row.optionalText(4), publishedAt: try row.timestamp(5),
            updatedAt: try row.optionalTimestamp(6), content: try ArticleContent(row: row, from: 7))
    }
}

extension ArticleContent {
    fileprivate init(row: any SQLRow, from first: Int) throws {
        self.init(
            author: try row.optionalText(first), link: try row.optionalText(first + 1),
            summary: try row.optionalText(first + 2), keyPoints: try row.strings(first + 3),
            categories: try row.strings(first + 4), imageURL: try row.optionalText(first + 5),
            language: try row.optionalText(first + 6), opening: try row.text(first + 7),
            bodyHTML: try row.text(first + 8))
    }
}

extension SQLRow {
    fileprivate func strings(_ column: Int) throws -> [String] {
        let text = try text(column)
        guard let strings = StringList.strings(text) else {
            throw MembershipError(
                .databaseDamaged, "A row holds ‘\(text)’ where a list of strings belongs.",
                remedy: "Run fortnight doctor, and restore a backup if it finds damage.")
        }
        return strings
    }
}
