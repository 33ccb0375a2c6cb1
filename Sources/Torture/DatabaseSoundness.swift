import Membership
import MembershipService
import MembershipStore

/// What must hold of every database, whatever was done to its disk; of its rows it is what ``WholeDatabase`` says.
struct DatabaseSoundness {
    let place: DiskPlace
    let clock: WallClock

    /// What does not hold: of the file, of its rows, and of what was acknowledged.
    ///
    /// - Parameter issued: everything that was asked for, so that nothing else may be there; nil where that is not known.
    func faults(
        acknowledged: some Collection<Acknowledgement>, issued: Set<Acknowledgement>? = nil
    ) async -> [String] {
        do {
            let engine = try place.patientLocation.open()
            // How it is written is a setting; here only what became of it counts.
            var faults = try await engine.examine().filter { !$0.isSound && $0.subject != "synchronous" }.map {
                "\($0.subject): \($0.detail)"
            }
            guard faults.isEmpty else { return faults }
            faults += try await engine.read(WholeDatabase.brokenRules)
            let there = try await engine.read(DatabaseSoundness.facts)
            faults += missing(acknowledged, there)
            if let issued {
                let alien = there.facts.subtracting(issued).filter {
                    if case .ran = $0 { false } else { true }
                }
                faults += alien.prefix(3).map { "\($0) is there and was never asked for" }
            }
            faults += try await brokenChains()
            return faults
        } catch {
            return ["cannot be looked at: \(error)"]
        }
    }

    /// What does not hold, now or when it goes on.
    func faultsNowAndGoingOn(acknowledged: some Collection<Acknowledgement>) async -> [String] {
        let faults = await faults(acknowledged: acknowledged)
        return faults.isEmpty ? await faultsGoingOn(with: "after@example.com") : faults
    }

    /// Whether the database goes on: somebody signs up, what is due is done, and letters are delivered.
    func faultsGoingOn(with email: String) async -> [String] {
        do {
            let services = try await Services.open(place.patientLocation, clock: clock)
            let answer = try await services.accounts.signUp(email: EmailAddress(parsing: email))
            guard answer.trial == .started else { return ["the next sign-up got no trial: \(answer.trial)"] }
            return try await WholeDatabase(location: place.patientLocation, clock: clock).faultsAfterDueWork(
                lettersTo: place.letters)
        } catch {
            return ["does not go on: \(error)"]
        }
    }

    private func missing(
        _ acknowledged: some Collection<Acknowledgement>, _ there: (facts: Set<Acknowledgement>, articles: Int)
    ) -> [String] {
        let lost = acknowledged.filter { acknowledgement in
            if case .imported(let count) = acknowledgement { return there.articles < count }
            return !there.facts.contains(acknowledgement)
        }
        guard let first = lost.first else { return [] }
        return ["\(lost.count) of \(acknowledged.count) acknowledged were lost, the first \(first)"]
    }

    private func brokenChains() async throws -> [String] {
        var faults: [String] = []
        let services = try await Services.open(place.patientLocation, clock: clock)
        _ = try await services.events.verify { faults.append("events of \($0.account): \($0.what)") }
        return Array(faults.prefix(3))
    }

    /// What is there of what callers are told.
    private static func facts(_ sql: any SQLConnection) throws -> (facts: Set<Acknowledgement>, articles: Int) {
        var facts: Set<Acknowledgement> = []
        func take(_ query: String, _ fact: (any SQLRow) throws -> Acknowledgement) throws {
            facts.formUnion(try sql.query(query, [], fact))
        }
        try take("SELECT canonical_email FROM account_emails") { .signedUp(try $0.text(0)) }
        try take("SELECT client_key FROM reads WHERE client_key IS NOT NULL") { .opened(try $0.text(0)) }
        try take("SELECT reference FROM payments WHERE reference IS NOT NULL") { .paid(try $0.text(0)) }
        try take("SELECT run_id FROM job_runs WHERE duration_ms IS NOT NULL") { .ran(try $0.integer(0)) }
        let articles = try sql.first("SELECT count(*) FROM articles", []) { try $0.count(0) } ?? 0
        return (facts, articles)
    }
}
