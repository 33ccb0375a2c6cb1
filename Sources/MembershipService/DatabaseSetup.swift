public import Membership
import MembershipStore

/// Making a database, and bringing one forward to the schema of this version.
public struct DatabaseSetup: Sendable {
    private let location: DatabaseLocation
    private let clock: WallClock

    /// Names the database.
    public init(_ location: DatabaseLocation, clock: WallClock = .system) {
        self.location = location
        self.clock = clock
    }

    /// What a new database is to be.
    public struct Wishes: Sendable {
        /// Whether it has a clock of its own, which can be moved.
        public var sandbox: Bool
        /// The free days of the plan `membership`; nil for fourteen.
        public var trialDays: Int?
        /// What a month of it costs; nil for no price yet.
        public var price: Money?

        /// Makes a wish.
        public init(sandbox: Bool = false, trialDays: Int? = nil, price: Money? = nil) {
            self.sandbox = sandbox
            self.trialDays = trialDays
            self.price = price
        }
    }

    /// What was done.
    public struct Report: Equatable, Sendable {
        /// The steps of the schema that were taken, or would be, by name.
        public let migrations: [String]
        /// The schema version after that.
        public let version: Int
        /// Whether anything was written.
        public let changed: Bool
    }

    /// Makes the database, or finishes one that was begun; changes nothing when it is all there.
    ///
    /// - Throws: ``MembershipError`` with code `database_exists` when it is there and is not what is wished for,
    ///   `invalid_input` for trial days outside 0 to 365, or a price that none can be.
    public func initialize(_ wishes: Wishes) async throws -> Report {
        let terms = try PlanTerms(
            prices: wishes.price.map { [$0] } ?? [], trialDays: wishes.trialDays ?? DefaultPlan.trialDays,
            graceDays: DefaultPlan.graceDays, entitlements: [.allTitles])
        // The key comes first: without it nothing could be finished.
        let keyFile = LedgerKeyFile(path: location.keyPath)
        let engine = try location.create()
        let isNew = try await engine.read { try $0.appliedMigrations().isEmpty }
        if isNew { _ = try keyFile.loadOrCreate() }
        let taken = try await engine.takePendingMigrations(clock: clock)
        if let deployment = try await engine.read({ try $0.deployment() }) {
            return try await report(of: deployment, taken, wishes, engine)
        }
        let key = try keyFile.loadOrCreate()
        let now = clock.now()
        let plan = PlanVersion(plan: DefaultPlan.name, version: 1, terms: terms, publishedAt: now)
        let existing = try await engine.write { sql -> Deployment? in
            // Another process may have been quicker, with other wishes and another key.
            if let deployment = try sql.deployment() { return deployment }
            try sql.insert(
                Deployment(
                    sandboxNow: wishes.sandbox ? now : nil, keyFingerprint: key.fingerprint, createdAt: now))
            try sql.insertPlan(plan, at: now)
            return nil
        }
        if let existing { return try await report(of: existing, taken, wishes, engine) }
        return Report(migrations: taken, version: engine.schema.version, changed: true)
    }

    /// What there is to say of a database that was set up before; refuses it when it is not what is wished for.
    private func report(
        of deployment: Deployment, _ taken: [String], _ wishes: Wishes, _ engine: any DatabaseEngine
    ) async throws -> Report {
        try await refuseOtherWishes(wishes, deployment: deployment, engine: engine)
        _ = try LedgerKeyFile(path: location.keyPath).load(matching: deployment.keyFingerprint)
        return Report(migrations: taken, version: engine.schema.version, changed: !taken.isEmpty)
    }

    /// Takes the steps of the schema that the database has still to take.
    ///
    /// - Parameter dryRun: only names them.
    /// - Throws: ``MembershipError`` with code `database_missing` when there is nothing to be brought forward,
    ///   `database_newer`, and others of the engines.
    public func migrate(dryRun: Bool) async throws -> Report {
        let engine = try location.open()
        let applied = try await engine.read { try $0.appliedMigrations() }
        guard !applied.isEmpty else {
            throw MembershipError(
                .databaseMissing, "\(location.name) is empty.", remedy: "Set it up with fortnight init.")
        }
        let taken =
            dryRun ? try await engine.pendingMigrations() : try await engine.takePendingMigrations(clock: clock)
        return Report(migrations: taken, version: engine.schema.version, changed: !dryRun && !taken.isEmpty)
    }

    private func refuseOtherWishes(_ wishes: Wishes, deployment: Deployment, engine: any DatabaseEngine) async throws {
        if wishes.sandbox && !deployment.isSandbox {
            throw MembershipError(
                .databaseExists, "\(location.name) is a live database, which cannot become a sandbox.",
                remedy: "Choose another file for the sandbox.")
        }
        let plan = try await Store.open(engine, clock: clock).read { tx in
            try tx.plan(DefaultPlan.name)?.published?.terms
        }
        let days = wishes.trialDays ?? plan?.trialDays
        let price = wishes.price
        guard days == plan?.trialDays, price == nil || plan?.prices == price.map({ [$0] }) else {
            throw MembershipError(
                .databaseExists,
                "\(location.name) exists, and its plan ‘\(DefaultPlan.name)’ is another: "
                    + "\(plan?.trialDays ?? 0) trial days, "
                    + (plan?.prices.first.map { "\($0)." } ?? "no price."),
                remedy:
                    "Publish other terms with fortnight plan add and fortnight plan publish, or choose another file.")
        }
    }
}
