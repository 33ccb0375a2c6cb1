import FaultyFiles
import Membership
import MembershipService
import SampleFeeds

/// Calls of every kind, always the same, on a database that is always the same: what a disk is made to fail under.
struct DiskScript: Sendable {
    let place: DiskPlace
    let clock: MovedClock

    /// A call of the script.
    struct Step: Sendable {
        let name: String
        /// Makes the call.
        let call: @Sendable (Services) async throws -> Answer
    }

    /// What a caller was told.
    struct Answer: Sendable {
        /// What is known from it; nil of a call that changes nothing.
        var acknowledges: Acknowledgement?
        /// What is wrong with it.
        var flaw: String?
    }

    /// Makes the database that the script begins with: a reader whose trial runs, one whose trial is over, a title.
    static func prepare(_ place: DiskPlace, _ clock: MovedClock) async throws {
        try await place.setUp(clock: clock.wallClock, feed: SampleFeed.all[0])
        let services = try await Services.open(place.location, clock: clock.wallClock)
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: "ending@example.com"))
        clock.move(by: .days(10))
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: "running@example.com"))
        clock.move(by: .days(5))
        try place.write(SampleFeed.all[1].name, SampleFeed.all[1].bytes)
    }

    func open() async throws -> Services {
        try await Services.open(place.location, clock: clock.wallClock)
    }

    /// The steps. Each leaves no trace when it fails, so that it can be made again and answers as if for the first time; but
    /// for the job, of which what it has done stands when its end cannot be recorded.
    func steps() throws -> [Step] {
        let running = AccountReference.email(try EmailAddress(parsing: "running@example.com"))
        let ending = AccountReference.email(try EmailAddress(parsing: "ending@example.com"))
        let article = try ArticleReference(parsing: "the-harbour-times/sixty-buoys-and-one-paint-shed")
        let (new, key) = (try EmailAddress(parsing: "new@example.com"), try ClientKey(parsing: "opening"))
        let payment = try NewPayment(amount: DiskPlace.price, reference: "payment", periods: 1)
        let feed = place.path + "/" + SampleFeed.all[1].name
        return [
            Step(name: "check") { services in
                let answer = try await services.access.check(reader: .account(running), article: article)
                let (isAllowed, reason) = (answer.decision.allowed, answer.decision.reason)
                return Answer(flaw: isAllowed ? nil : "a reader on trial was kept out: \(reason)")
            },
            Step(name: "sign up") { services in
                let trial = try await services.accounts.signUp(email: new).trial
                return Answer(
                    acknowledges: .signedUp(new.canonical), flaw: trial == .started ? nil : "the trial was \(trial)")
            },
            Step(name: "open") { services in
                let opening = try await services.access.open(
                    reader: .account(running), article: article, clientKey: key)
                let flaw =
                    opening.isRetry
                    ? "a call that failed was recorded"
                    : opening.read == nil ? "a reader on trial was kept out" : nil
                return Answer(acknowledges: .opened(key.text), flaw: flaw)
            },
            Step(name: "pay") { services in
                let wasKnown = try await services.payments.record(running, payment).wasKnown
                return Answer(
                    acknowledges: .paid(payment.reference), flaw: wasKnown ? "a call that failed was recorded" : nil)
            },
            Step(name: "run trial-expiry") { services in
                let run = try await services.jobs.run("trial-expiry").run
                let status = try await services.subscriptions.show(ending).status
                let isRight = status == .expired && run.processed <= 1 && run.failed == 0
                return Answer(
                    acknowledges: .ran(run.id.rawValue),
                    flaw: isRight ? nil : "\(run.processed) done, \(run.failed) failed, and the trial is \(status)")
            },
            Step(name: "import") { services in
                let rejected = try await services.articles.importFeed(path: feed, options: .init()).rejected.count
                return Answer(flaw: rejected == 0 ? nil : "\(rejected) entries were rejected")
            },
            Step(name: "list") { services in
                let count = try await services.accounts.list(limit: PageLimit(10)).accounts.count
                return Answer(flaw: count == 3 ? nil : "\(count) accounts are listed in place of 3")
            },
        ]
    }
}
