public import Membership
import MembershipStore

/// Every use case of Fortnight on one database: one method, one transaction.
///
/// This is what a host application embeds, and all that the command line and the HTTP interface call.
public struct Services: Sendable {
    /// People and their trials.
    public let accounts: AccountService
    /// Who may read what.
    public let access: AccessService
    /// The publications.
    public let titles: TitleService
    /// What they publish.
    public let articles: ArticleService
    /// Due work.
    public let jobs: JobService
    /// The time of this database.
    public let clock: ClockService

    /// Opens a database that `DatabaseSetup` made.
    ///
    /// - Parameters:
    ///   - location: the database, and the key of its trial ledger.
    ///   - clock: where a live database takes the time from.
    /// - Throws: ``MembershipError`` with code `database_missing`, `database_older`, `database_newer` and others.
    public static func open(
        _ location: DatabaseLocation, clock: WallClock = .system
    ) async throws -> Services {
        let store = try await Store.open(location.open(), clock: clock)
        return Services(store: store, ledgerKey: LedgerKeyFile(path: location.keyPath))
    }

    init(store: Store, ledgerKey: LedgerKeyFile) {
        accounts = AccountService(store: store, ledgerKey: ledgerKey)
        access = AccessService(store: store)
        titles = TitleService(store: store)
        articles = ArticleService(store: store)
        jobs = JobService(store: store)
        clock = ClockService(store: store)
    }
}
