/// One step of the schema, applied once and in order.
package struct Migration: Sendable {
    /// Counted from 1.
    package let version: Int
    /// The file's name without its ending.
    package let name: String
    /// The text of the file.
    package let sql: [UInt8]

    package init(version: Int, name: String, sql: [UInt8]) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// The schema of an SQLite database, first step first. A step that has landed is never changed: add one.
package let sqliteMigrations: [Migration] = [
    Migration(version: 1, name: "m0001_main_job", sql: PackageResources.m0001_main_job_sqlite_sql),
    Migration(version: 2, name: "m0002_membership_life", sql: PackageResources.m0002_membership_life_sqlite_sql),
    Migration(version: 3, name: "m0003_the_gate", sql: PackageResources.m0003_the_gate_sqlite_sql),
    Migration(version: 4, name: "m0004_catalog_version", sql: PackageResources.m0004_catalog_version_sqlite_sql),
    Migration(version: 5, name: "m0005_cheaper_rows", sql: PackageResources.m0005_cheaper_rows_sqlite_sql),
    Migration(version: 6, name: "m0006_remembered_texts", sql: PackageResources.m0006_remembered_texts_sqlite_sql),
    Migration(version: 7, name: "m0007_who_voided_rules", sql: PackageResources.m0007_who_voided_rules_sqlite_sql),
    Migration(version: 8, name: "m0008_gone_accounts", sql: PackageResources.m0008_gone_accounts_sqlite_sql),
]

/// The schema of a PostgreSQL database: the same steps, with the same tables, columns and keys.
package let postgresMigrations: [Migration] = [
    Migration(version: 1, name: "m0001_main_job", sql: PackageResources.m0001_main_job_postgres_sql),
    Migration(version: 2, name: "m0002_membership_life", sql: PackageResources.m0002_membership_life_postgres_sql),
    Migration(version: 3, name: "m0003_the_gate", sql: PackageResources.m0003_the_gate_postgres_sql),
    Migration(version: 4, name: "m0004_catalog_version", sql: PackageResources.m0004_catalog_version_postgres_sql),
    Migration(version: 5, name: "m0005_cheaper_rows", sql: PackageResources.m0005_cheaper_rows_postgres_sql),
    Migration(version: 6, name: "m0006_remembered_texts", sql: PackageResources.m0006_remembered_texts_postgres_sql),
    Migration(version: 7, name: "m0007_who_voided_rules", sql: PackageResources.m0007_who_voided_rules_postgres_sql),
    Migration(version: 8, name: "m0008_gone_accounts", sql: PackageResources.m0008_gone_accounts_postgres_sql),
]
