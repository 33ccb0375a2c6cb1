import Membership
import MembershipService
import MembershipStore

/// What must hold of every database, whatever was done to its disk: what ``WholeDatabase`` says, and that what was
/// acknowledged is there.
struct DatabaseSoundness {
    let place: DiskPlace
    let clock: WallClock
    /// What of the check-up is not asked for, by its subject.
    var exempt: Set<String> = []

    /// What does not hold, whatever is due and was not done.
    ///
    /// - Parameter issued: everything that was asked for, so that nothing else may be there; nil where that is not known.
    func faults(
        acknowledged: some Collection<Acknowledgement>, issued: Set<Acknowledgement>? = nil
    ) async -> [String] {
        do {
            // How it is written is a setting; here only what became of it counts.
            let exempt = exempt.union(WholeDatabase.overdueSubjects).union(["synchronous"])
            let location = place.patientLocation
            var faults = try await WholeDatabase(location: location, clock: clock).faults(exempt: exempt)
            guard faults.isEmpty else { return faults }
            let there = try await location.open().read(DatabaseSoundness.facts)
            faults += missing(acknowledged, there)
            if let issued {
                let alien = there.facts.subtracting(issued).filter {
                    if case .ran = $0 { false } else { true }
                }
                faults += alien.prefix(3).map { "\($0) is there and was never asked for" }
            }
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

    /// What is there of what callers are told.
    private static func facts(_ sql: any SQLConnection) throws -> (facts: Set<Acknowledgement>, articles: Int) {
        var facts: Set<Acknowledgement> = []
        try Acknowledgement.eachStored(sql) { fact, _ in facts.insert(fact) }
        let runs = "SELECT run_id FROM job_runs WHERE duration_ms IS NOT NULL"
        facts.formUnion(try sql.query(runs, []) { Acknowledgement.ran(try $0.integer(0)) })
        let articles = try sql.first("SELECT count(*) FROM articles", []) { try $0.count(0) } ?? 0
        return (facts, articles)
    }
}

extension Acknowledgement {
    /// Shows every account, read and payment that is there, each as its caller is told of it, and its id.
    static func eachStored(_ sql: any SQLConnection, _ body: (Acknowledgement, Int64) throws -> Void) throws {
        func show(_ query: String, _ fact: (String) -> Acknowledgement) throws {
            try sql.each(query, []) { try body(fact($0.text(0)), $0.integer(1)) }
        }
        try show("SELECT canonical_email, account_id FROM account_emails", Acknowledgement.signedUp)
        try show("SELECT client_key, read_id FROM reads WHERE client_key IS NOT NULL", Acknowledgement.opened)
        try show("SELECT reference, payment_id FROM payments WHERE reference IS NOT NULL", Acknowledgement.paid)
    }
}
