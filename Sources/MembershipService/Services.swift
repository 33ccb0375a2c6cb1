public import Membership
import MembershipStore

/// Every use case of Fortnight on one database: one method, one transaction.
///
/// This is what a host application embeds, and all that the command line calls. A method runs where its caller does: on
/// SQLite one that reads works on the calling thread for the microseconds that takes, and one that writes waits without
/// a thread. A task that is cancelled while a job or a wait for a server goes on throws `CancellationError`.
public struct Services: Sendable {
    /// People.
    public let accounts: AccountService
    /// Their trials.
    public let trials: TrialService
    /// The domains from which there is no trial.
    public let disposableDomains: DisposableDomainService
    /// Their subscriptions.
    public let subscriptions: SubscriptionService
    /// What they paid.
    public let payments: PaymentService
    /// What they were given.
    public let grants: GrantService
    /// What one can subscribe to.
    public let plans: PlanService
    /// Who may read what.
    public let access: AccessService
    /// What was read.
    public let reads: ReadService
    /// What access follows from.
    public let rules: RuleService
    /// The publications.
    public let titles: TitleService
    /// What they publish.
    public let articles: ArticleService
    /// Due work.
    public let jobs: JobService
    /// What happened.
    public let events: EventService
    /// One account in the past and in the time ahead.
    public let history: HistoryService
    /// Messages to readers.
    public let outbox: OutboxService
    /// The time of this database.
    public let clock: ClockService

    /// Opens a database that `DatabaseSetup` made.
    ///
    /// - Parameters:
    ///   - location: the database, and the key of its trial ledger.
    ///   - clock: where a live database takes the time from.
    ///   - actor: who does what is done; it is kept with every event.
    ///   - options: what an operator may choose.
    /// - Throws: ``MembershipError`` with code `database_missing`, `database_older`, `database_newer` and others;
    ///   `invalid_input` for options that are none.
    public static func open(
        _ location: DatabaseLocation, clock: WallClock = .system, actor: Actor = .unnamed,
        options: Options = Options()
    ) async throws -> Services {
        try options.requireSound()
        let store = try await Store.open(location.open(), clock: clock, actor: actor)
        return Services(store: store, ledgerKey: location.ledgerKey(of: store), options: options)
    }

    private let store: Store
    private let ledgerKey: KeptLedgerKey
    private let options: Options
    private let endedRuns: EndedRuns

    /// The same services for somebody else.
    public func acting(as actor: Actor) -> Services {
        Services(store: store.acting(as: actor), ledgerKey: ledgerKey, options: options, endedRuns: endedRuns)
    }

    init(store: Store, ledgerKey: KeptLedgerKey, options: Options, endedRuns: EndedRuns = EndedRuns()) {
        self.options = options
        self.endedRuns = endedRuns
        self.store = store
        self.ledgerKey = ledgerKey
        accounts = AccountService(store: store, ledgerKey: ledgerKey)
        trials = TrialService(store: store, ledgerKey: ledgerKey)
        disposableDomains = DisposableDomainService(store: store)
        subscriptions = SubscriptionService(store: store)
        payments = PaymentService(store: store)
        grants = GrantService(store: store)
        plans = PlanService(store: store)
        access = AccessService(store: store, key: ledgerKey)
        reads = ReadService(store: store)
        rules = RuleService(store: store)
        titles = TitleService(store: store)
        articles = ArticleService(store: store)
        jobs = JobService(store: store, options: options, ended: endedRuns)
        outbox = OutboxService(store: store, options: options.mail)
        events = EventService(store: store)
        history = HistoryService(store: store, options: options)
        clock = ClockService(store: store)
    }
}
