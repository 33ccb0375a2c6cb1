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
    ///   - path: the database file. The key file lies beside it, with `.key` behind its name.
    ///   - lockWait: how long a transaction waits for another process.
    ///   - clock: where a live database takes the time from.
    /// - Throws: ``MembershipError`` with code `database_missing`, `database_older`, `database_newer` and others.
    public static func open(
        path: String, lockWait: TimeSpan = Services.defaultLockWait, clock: WallClock = .system
    ) async throws -> Services {
        let store = try await Store.open(SQLiteEngine.open(path: path, lockWait: lockWait), clock: clock)
        return Services(store: store, ledgerKey: LedgerKeyFile(databasePath: path))
    }

    /// How long a transaction waits for another process when nothing else is said: 5 seconds.
    public static let defaultLockWait = SQLiteEngine.defaultLockWait

    init(store: Store, ledgerKey: LedgerKeyFile) {
        accounts = AccountService(store: store, ledgerKey: ledgerKey)
        access = AccessService(store: store)
        titles = TitleService(store: store)
        articles = ArticleService(store: store)
        jobs = JobService(store: store)
        clock = ClockService(store: store)
    }
}
