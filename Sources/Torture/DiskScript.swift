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
        /// What a caller knows who got an answer; nil for a call that changes nothing.
        let acknowledges: Acknowledgement?
        /// Makes the call, and returns what is wrong with its answer.
        let call: @Sendable (Services) async throws -> String?
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

    /// The steps. Each leaves no trace when it fails, so that it can be made again and answers as if for the first time.
    func steps() throws -> [Step] {
        let running = AccountReference.email(try EmailAddress(parsing: "running@example.com"))
        let article = try ArticleReference(parsing: "the-harbour-times/sixty-buoys-and-one-paint-shed")
        let (new, key) = (try EmailAddress(parsing: "new@example.com"), try ClientKey(parsing: "opening"))
        let payment = try NewPayment(amount: DiskPlace.price, reference: "payment", periods: 1)
        let feed = place.path + "/" + SampleFeed.all[1].name
        return [
            Step(name: "check", acknowledges: nil) { services in
                let answer = try await services.access.check(reader: .account(running), article: article)
                return answer.decision.allowed ? nil : "a reader on trial was kept out: \(answer.decision.reason)"
            },
            Step(name: "sign up", acknowledges: .signedUp(new.canonical)) { services in
                let answer = try await services.accounts.signUp(email: new)
                return answer.trial == .started ? nil : "the trial was \(answer.trial)"
            },
            Step(name: "open", acknowledges: .opened(key.text)) { services in
                let opening = try await services.access.open(
                    reader: .account(running), article: article, clientKey: key)
                if opening.isRetry { return "a call that failed was recorded" }
                return opening.read == nil ? "a reader on trial was kept out" : nil
            },
            Step(name: "pay", acknowledges: .paid(payment.reference)) { services in
                try await services.payments.record(running, payment).wasKnown ? "a call that failed was recorded" : nil
            },
            Step(name: "run trial-expiry", acknowledges: nil) { services in
                let report = try await services.jobs.run("trial-expiry")
                return report.run.failed == 0 ? nil : "\(report.run.failed) accounts failed"
            },
            Step(name: "import", acknowledges: nil) { services in
                let report = try await services.articles.importFeed(path: feed, options: .init())
                return report.rejected.isEmpty ? nil : "\(report.rejected.count) entries were rejected"
            },
            Step(name: "list", acknowledges: nil) { services in
                let page = try await services.accounts.list(limit: PageLimit(10))
                return page.accounts.count == 3 ? nil : "\(page.accounts.count) accounts are listed in place of 3"
            },
        ]
    }
}
