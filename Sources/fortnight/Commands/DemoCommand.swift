import ArgumentParser
import Foundation
import Membership
import MembershipService
import SampleFeeds

struct DemoCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Make a sandbox with sample titles, articles and readers in most states.",
        discussion: """
            The directory is made when it is not there. It gets the database, its key and the sample feeds.

            Example:
              fortnight demo /tmp/demo
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Where to put it.")
    var directory: String

    func validate() throws {
        guard !directory.isEmpty else { throw ValidationError("‘’ is no directory; . is the current one.") }
        guard global.database == nil else {
            throw ValidationError("demo makes its own database, fortnight.db in the directory; leave --database out.")
        }
    }

    func perform() async throws {
        let demo = Demo(directory: URL(filePath: directory).standardizedFileURL.path(percentEncoded: false))
        let readers = try await demo.make()
        if global.json {
            try global.console.document(DemoView(database: demo.database, readers: readers))
            return
        }
        var table = Table("READER", "STATE")
        for reader in readers { table.add(reader.email, reader.state) }
        global.console.line(
            """
            Made \(demo.database), a sandbox with the titles harbour-times (premium), sternwarte (metered, \
            2 articles a month for visitors, 5 for readers with an account) and workbench (registered).

            \(table.text)

            Try:
              export FORTNIGHT_DATABASE='\(demo.database)'
              fortnight article list --limit 5
              fortnight check \(readers[0].email) \(Demo.premiumArticle)
              fortnight check --anonymous \(Demo.premiumArticle)
              fortnight article list --title sternwarte
              fortnight check --visitor 5f0c8e0c-6a51-4b8e \(Demo.premiumArticle) --explain
              fortnight clock advance 14d
              fortnight jobs run trial-expiry
            """)
    }
}

/// Makes the demonstration, by the same services as everything else.
private struct Demo {
    let directory: String

    static let premiumArticle = "harbour-times/swing-bridge-to-close-for-nineteen-nights"
    private static let freeArticle = "harbour-times/sixty-buoys-and-one-paint-shed"

    struct Reader: Encodable {
        let email: String
        let state: String
    }

    var database: String { directory + "/fortnight.db" }

    func make() async throws -> [Reader] {
        guard !FileManager.default.fileExists(atPath: database) else {
            throw MembershipError(
                .databaseExists, "There is a database at \(database) already.", remedy: "Name another directory.")
        }
        try writeFeeds()
        let location = DatabaseLocation(database)
        _ = try await DatabaseSetup(location).initialize(
            .init(sandbox: true, price: Money(parsing: "9.99", currency: Currency(parsing: "EUR"))))
        let services = try await Services.open(location)
        try await importFeeds(services)
        return try await makeReaders(services)
    }

    private func writeFeeds() throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for feed in SampleFeed.all {
                try Data(feed.bytes).write(to: URL(filePath: directory).appending(path: feed.name))
            }
        } catch {
            throw MembershipError(
                .databaseUnavailable, "\(directory) cannot be written to: \(error.systemReason).",
                remedy: "Name another directory.")
        }
    }

    private func importFeeds(_ services: Services) async throws {
        let titles: [(slug: String, name: String, access: AccessLevel)] = [
            ("harbour-times", "The Harbour Times", .premium), ("sternwarte", "Sternwarte", .metered),
            ("workbench", "Workbench Weekly", .registered),
        ]
        for (title, feed) in zip(titles, SampleFeed.all) {
            let slug = try Slug(parsing: title.slug)
            _ = try await services.titles.add(slug: slug, name: title.name, access: title.access)
            _ = try await services.articles.importFeed(
                path: directory + "/" + feed.name, options: .init(title: slug))
        }
        _ = try await services.articles.setAccess(ArticleReference(parsing: Demo.freeArticle), to: .free)
        var meter = RuleChange()
        (meter.anonymousAllowance, meter.registeredAllowance) = (2, 5)
        _ = try await services.rules.set(.everything, meter, .init())
    }

    private func makeReaders(_ services: Services) async throws -> [Reader] {
        let accounts = services.accounts
        try await signUp("expired", accounts)
        _ = try await services.clock.advance(by: .days(14))
        _ = try await services.jobs.run("trial-expiry")
        try await signUp("ending", accounts)
        _ = try await services.clock.advance(by: .days(13))
        try await signUp("new", accounts)
        try await signUp("later", accounts, wantsTrial: false)
        try await signUp("suspended", accounts)
        _ = try await accounts.suspend(
            .email(EmailAddress(parsing: Demo.email("suspended"))), reason: "Shared her password")
        try await makeSubscribers(services)
        return [
            Reader(email: Demo.email("new"), state: "trialing, the whole fortnight ahead"),
            Reader(email: Demo.email("ending"), state: "trialing, one day left"),
            Reader(email: Demo.email("expired"), state: "expired, recorded by trial-expiry"),
            Reader(email: Demo.email("later"), state: "signed up without a trial"),
            Reader(email: Demo.email("suspended"), state: "trialing, but suspended"),
            Reader(email: Demo.email("subscriber"), state: "active, paid for a month"),
            Reader(email: Demo.email("overdue"), state: "past due, in the grace days"),
            Reader(email: Demo.email("paused"), state: "paused"),
            Reader(email: Demo.email("leaving"), state: "active, cancelled with the end of the month"),
        ]
    }

    private func makeSubscribers(_ services: Services) async throws {
        let price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        for (number, name) in ["subscriber", "overdue", "paused", "leaving"].enumerated() {
            try await signUp(name, services.accounts, wantsTrial: false)
            let payment = try NewPayment(amount: price, reference: "DEMO-\(number + 1)", periods: 1)
            _ = try await services.subscriptions.start(
                .email(EmailAddress(parsing: Demo.email(name))), plan: Slug(parsing: "membership"),
                payment: name == "overdue" ? nil : payment)
        }
        _ = try await services.subscriptions.pause(
            .email(EmailAddress(parsing: Demo.email("paused"))), until: nil, .init(reason: "On holiday"))
        _ = try await services.subscriptions.cancel(
            .email(EmailAddress(parsing: Demo.email("leaving"))), now: false, .init(reason: "Moving abroad"))
    }

    private func signUp(_ name: String, _ accounts: AccountService, wantsTrial: Bool = true) async throws {
        _ = try await accounts.signUp(
            email: EmailAddress(parsing: Demo.email(name)), timeZone: "Europe/Berlin", wantsTrial: wantsTrial)
    }

    private static func email(_ name: String) -> String { name + "@demo.example" }
}

private struct DemoView: Encodable {
    let database: String
    let readers: [Demo.Reader]
}
