package import Membership

extension ReadTransaction {
    /// Asks whether a domain, or one that it is part of, is on the list: one look into an index for each of its parts.
    package func askDisposable(_ domain: EmailDomain) throws -> SQLAnswer<EmailDomain> {
        let names = domain.withParents.map(\.name)
        return try sql.ask(
            "SELECT domain FROM disposable_domains WHERE domain IN (\(placeholders(names.count)))", names
        ) { EmailDomain(stored: try $0.text(0)) }
    }

    /// Every domain on the list, in order, and since when it is there.
    package func disposableDomains() throws -> [(domain: EmailDomain, addedAt: Timestamp)] {
        try sql.query("SELECT domain, added_at FROM disposable_domains ORDER BY domain", []) { row in
            (EmailDomain(stored: try row.text(0)), try row.timestamp(1))
        }
    }

    package func disposableDomainCount() throws -> Int {
        try sql.first("SELECT count(*) FROM disposable_domains", []) { try $0.count(0) } ?? 0
    }
}

extension WriteTransaction {
    /// Puts domains on the list; those that are there stay as they are.
    package func insertDisposable(_ domains: [EmailDomain]) throws {
        try sql.insert(
            into: "disposable_domains", "domain, added_at", domains.map { [$0.name, now] },
            onConflict: "(domain) DO NOTHING")
    }

    /// Takes a domain off the list.
    ///
    /// - Returns: whether it was on it.
    package func deleteDisposable(_ domain: EmailDomain) throws -> Bool {
        try sql.run("DELETE FROM disposable_domains WHERE domain = $1", [domain.name]) == 1
    }
}
