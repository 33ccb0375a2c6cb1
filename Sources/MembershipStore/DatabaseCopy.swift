package import Membership

/// What of a database a copy takes along.
package enum CopyScope: Sendable {
    /// Everything but the record of jobs.
    case everything
    /// What belongs to no account, and a few accounts.
    ///
    /// - Parameters:
    ///   - identity: what the trial ledger knows a canonical address by; nil when the key is not to be had.
    ///   - withArticles: whether titles and their articles are taken along.
    case accounts(
        [AccountReference], identity: (@Sendable (_ canonicalEmail: String) -> String)?, withArticles: Bool)
    /// What happens to one account, with nothing that names the person: no address, name, reason or reference.
    case lifeOnly(AccountReference)
}

/// How many rows a copy has, table by table, and from which moment.
package struct CopyReport: Equatable, Sendable {
    package struct Table: Equatable, Sendable {
        package let name: String
        package let rows: Int
    }

    package let now: Timestamp
    package let tables: [Table]
}

/// A table of the schema, as a copy sees it.
package struct CopiedTable: Sendable {
    package let name: String
    let part: Part
    /// Rows that are held in memory at a time.
    var page = 1000
    /// What stands in a column of every copy in place of what is there.
    var replaced: [String: SQLValue] = [:]
    /// The same where nobody is to be named; nil to leave the table out then.
    var anonymous: [String: SQLValue]? = [:]

    enum Part {
        /// Belongs to no account.
        case common
        /// Titles and what they publish.
        case publication
        /// Belongs to the article of its column `article_id`.
        case article
        /// Belongs to readers who have no account, or had none yet.
        case visitor
        /// Belongs to the account of its column `account_id`.
        case account
        /// Belongs to the person behind an address.
        case ledger
    }

    /// What is copied, a table behind those that it refers to. A new table belongs here, or among those left out; a
    /// test holds this against the schema.
    package static let all: [CopiedTable] = [
        CopiedTable(name: "plans", part: .common),
        CopiedTable(name: "plan_versions", part: .common),
        CopiedTable(name: "plan_prices", part: .common),
        CopiedTable(name: "plan_entitlements", part: .common),
        CopiedTable(name: "disposable_domains", part: .common),
        CopiedTable(name: "access_rules", part: .common),
        CopiedTable(name: "titles", part: .publication),
        CopiedTable(name: "articles", part: .publication),
        // Whole articles: fewer of them fill as much memory.
        CopiedTable(name: "article_contents", part: .publication, page: 100),
        CopiedTable(name: "article_corrections", part: .article),
        CopiedTable(name: "visitor_reads", part: .visitor),
        CopiedTable(name: "trial_ledger", part: .ledger),
        CopiedTable(name: "accounts", part: .account, anonymous: ["email": .text("reader"), "name": .null]),
        CopiedTable(name: "account_emails", part: .account, anonymous: nil),
        CopiedTable(name: "account_suspensions", part: .account, anonymous: ["reason": .text("left out")]),
        CopiedTable(name: "subscriptions", part: .account),
        CopiedTable(name: "grants", part: .account, anonymous: ["reason": .null]),
        CopiedTable(name: "reads", part: .account, anonymous: ["client_key": .null]),
        CopiedTable(name: "account_visitors", part: .account, anonymous: nil),
        CopiedTable(name: "account_merges", part: .account),
        CopiedTable(name: "payments", part: .account, anonymous: ["reference": .null]),
        CopiedTable(name: "payment_references", part: .account, anonymous: nil),
        CopiedTable(name: "events", part: .account, anonymous: ["reason": .null, "reason_salt": .null]),
        CopiedTable(name: "event_heads", part: .account),
        // The letters in folders are the original's: erasing somebody in a copy must not remove them. Who is delivering
        // some of them delivers the original's.
        CopiedTable(
            name: "outbox", part: .account, replaced: ["destination": .null, "leased_until": .null],
            anonymous: ["last_error": .null]),
    ]

    /// What a copy has of its own: its steps, its clock, and the jobs that run in it.
    package static let leftOut = ["schema_migrations", "deployment", "job_runs", "job_leases", "job_failures"]
}

extension Store {
    /// Makes a sandbox of another database that has nothing in it: its schema, and a copy of what is in this one.
    ///
    /// Everything is read in one transaction, a page at a time, and written in one, so that the copy is of one moment,
    /// and is there as a whole or not at all. The sandbox's clock stands at that moment, and it delivers nothing.
    ///
    /// - Parameter name: what the other database is called, for people.
    /// - Throws: ``MembershipError`` with code `database_exists` when the other one is not empty, `unknown_account`.
    package func copy(
        to target: any DatabaseEngine, named name: String, _ scope: CopyScope
    ) async throws -> CopyReport {
        let schema = target.schema
        let fingerprint = deployment.keyFingerprint
        return try await target.upgrade { [self] sql in
            guard try sql.tableNames().isEmpty else {
                throw MembershipError(
                    .databaseExists, "There are tables in \(name) already.",
                    remedy: "Name a file that does not exist, or a schema of PostgreSQL that is empty.")
            }
            return try readInPlace { tx in
                try sql.createMigrationsTable()
                for migration in schema.migrations { try sql.apply(migration, at: tx.now) }
                let selection = try CopySelection(scope, in: tx)
                let tables = try CopiedTable.all.map { table in
                    CopyReport.Table(
                        name: table.name,
                        rows: try sql.copy(
                            table, from: tx.sql, where: selection.condition(of: table),
                            replacing: selection.replaced(in: table)))
                }
                try sql.insert(
                    Deployment(sandboxNow: tx.now, keyFingerprint: fingerprint, createdAt: tx.now, delivers: false))
                return CopyReport(now: tx.now, tables: tables)
            }
        }
    }
}

/// Which rows are copied.
private struct CopySelection {
    /// Those for which something holds of these values; all when there is no condition. Of no values nothing holds.
    struct Condition {
        let sql: String
        let values: [any SQLValueConvertible]

        init(_ sql: (_ placeholders: String) -> String, _ values: [any SQLValueConvertible]) {
            self.sql = sql(placeholders(values.count))
            self.values = values
        }

        /// Those whose column has one of the values.
        init(column: String, values: [any SQLValueConvertible]) {
            self.init({ "\(column) IN (\($0))" }, values)
        }
    }

    private var accounts: [Identifier<Account>]?
    private var identities: [String] = []
    private var withArticles = true
    private var isAnonymous = false

    init(_ scope: CopyScope, in tx: ReadTransaction) throws {
        let references: [AccountReference]
        let identity: (@Sendable (_ canonicalEmail: String) -> String)?
        switch scope {
        case .everything: return
        case .accounts(let named, let hash, let articles):
            (references, identity, withArticles) = (named, hash, articles)
        case .lifeOnly(let one): (references, identity, withArticles, isAnonymous) = ([one], nil, false, true)
        }
        let named = try references.map { try tx.account($0).id }
        let accounts = try tx.accounts(withThoseMergedInto: Set(named))
        self.accounts = accounts.sorted()
        if let identity {
            identities = try accounts.flatMap { try tx.canonicalEmails(of: $0) }.map(identity)
        }
    }

    /// Nil for all rows.
    func condition(of table: CopiedTable) -> Condition? {
        guard let accounts else { return nil }
        if isAnonymous && table.anonymous == nil { return Condition(column: "account_id", values: []) }
        return switch table.part {
        case .common: nil
        case .publication: withArticles ? nil : Condition(column: "title_id", values: [])
        case .article: withArticles ? nil : Condition(column: "article_id", values: [])
        case .visitor: Condition(CopySelection.isRead, isAnonymous ? [] : accounts)
        case .account: Condition(column: "account_id", values: accounts)
        case .ledger: Condition(column: "identity_hmac", values: identities)
        }
    }

    /// What the owners of accounts read as visitors before they signed up, which their meters count.
    private static func isRead(byOwnersOf accounts: String) -> String {
        """
        EXISTS (
            SELECT 1 FROM account_visitors
            WHERE account_visitors.visitor = visitor_reads.visitor AND account_id IN (\(accounts))
                AND opened_at <= linked_at AND (read_after IS NULL OR opened_at > read_after)
        )
        """
    }

    /// What stands in columns in place of what is there, where there is something.
    func replaced(in table: CopiedTable) -> [String: SQLValue] {
        guard isAnonymous, let anonymous = table.anonymous else { return table.replaced }
        return table.replaced.merging(anonymous) { always, _ in always }
    }
}

extension ReadTransaction {
    /// The accounts given, those that have become part of them, and those that have become part of these.
    fileprivate func accounts(withThoseMergedInto accounts: Set<Identifier<Account>>) throws -> Set<Identifier<Account>>
    {
        var (all, newest) = (accounts, accounts)
        while !newest.isEmpty {
            let merged = try sql.query(
                "SELECT account_id FROM accounts WHERE merged_into IN (\(placeholders(newest.count)))", newest.sorted()
            ) { row in try row.identifier(0) as Identifier<Account> }
            newest = Set(merged).subtracting(all)
            all.formUnion(newest)
        }
        return all
    }
}

extension SQLConnection {
    /// Copies rows of a table page by page, in the order of their keys.
    ///
    /// - Returns: how many that were.
    fileprivate func copy(
        _ table: CopiedTable, from source: any SQLConnection, where condition: CopySelection.Condition?,
        replacing replaced: [String: SQLValue]
    ) throws -> Int {
        if let condition, condition.values.isEmpty { return 0 }
        let columns = try source.columns(of: table.name)
        let names = columns.map(\.name)
        let keyColumns = columns.filter { $0.keyPlace != nil }.sorted { ($0.keyPlace ?? 0) < ($1.keyPlace ?? 0) }
        let key = keyColumns.map(\.name).joined(separator: ", ")
        let keyIndexes = keyColumns.compactMap { names.firstIndex(of: $0.name) }
        let wanted = condition?.values ?? []
        let isWanted = condition?.sql
        var count = 0
        var last: [SQLValue]?
        while true {
            let isBehind = last.map { "(\(key)) > (\(placeholders($0.count, from: wanted.count + 1)))" }
            let conditions = [isWanted, isBehind].compactMap(\.self)
            let arguments = wanted + (last ?? []) + [table.page]
            let rows = try source.query(
                """
                SELECT \(names.joined(separator: ", ")) FROM \(table.name)
                \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
                ORDER BY \(key) LIMIT $\(arguments.count)
                """,
                arguments
            ) { row in names.indices.map(row.value) }
            let copies = rows.map { row in
                zip(names, row).map { name, value in value == .null ? value : replaced[name] ?? value }
            }
            try load(replaced.isEmpty ? rows : copies, into: table.name, columns: names)
            count += rows.count
            guard rows.count == table.page, let row = rows.last else { return count }
            last = keyIndexes.map { row[$0] }
        }
    }
}
