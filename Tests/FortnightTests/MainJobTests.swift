import Foundation
import SampleFeeds
import Testing
import TestSupport

/// The main job through the built binary: from a feed to a gated article and an ended trial.
struct MainJobTests {
    private static let article = "harbour-times/swing-bridge-to-close-for-nineteen-nights"

    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        for feed in SampleFeed.all { _ = try shell.directory.write(feed.name, feed.bytes) }
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        let imported = try await shell.fortnight(
            "article", "import", "harbour-times.rss.xml", "--title", "harbour-times")
        #expect(imported.status == 0)
        return shell
    }

    @Test func fromAFeedToAGatedArticleAndAnEndedTrial() async throws {
        let shell = try await prepared()
        let stranger = try await shell.fortnight("check", "--anonymous", MainJobTests.article, "--json")
        #expect(stranger.status == 1)
        let offer = try stranger.json()
        #expect(offer["reason"] as? String == "sign_up_required")
        #expect(offer["trial_days"] as? Int == 14)

        #expect(try await shell.fortnight("signup", "Ada@Example.com", "--name", "Ada").status == 0)
        let allowed = try await shell.fortnight("check", "ada@example.com", MainJobTests.article, "--json")
        #expect(allowed.status == 0)
        let decision = try allowed.json()
        #expect(decision["allowed"] as? Bool == true)
        #expect(decision["reason"] as? String == "entitled")
        #expect(decision["source"] as? String == "trial")
        #expect(decision["until"] as? String == decision["next_change_at"] as? String)
        #expect(decision["article"] as? String == MainJobTests.article)
        #expect((decision["reader"] as? String)?.hasPrefix("acct_") == true)

        #expect(try await shell.fortnight("clock", "advance", "14d").status == 0)
        let denied = try await shell.fortnight("check", "ada@example.com", MainJobTests.article)
        #expect(denied.status == 1)
        #expect(denied.output.hasPrefix("Denied (trial_ended): "))
        #expect(try await shell.fortnight("doctor").status == 1)
        let run = try await shell.fortnight("jobs", "run", "trial-expiry", "--json")
        #expect(try run.json()["processed"] as? Int == 1)
        #expect(try await shell.fortnight("doctor").status == 0)
        #expect(try await shell.fortnight("jobs", "history", "--json").jsonLines().count == 1)
    }

    @Test func everyKeyOfADecisionIsAlwaysThere() async throws {
        let shell = try await prepared()
        let decision = try await shell.fortnight("check", "--anonymous", MainJobTests.article, "--json").json()
        let keys = ["allowed", "reason", "source", "until", "next_change_at", "at", "reader", "article", "trial_days"]
        for key in keys { #expect(decision.keys.contains(key), "\(key)") }
        #expect(decision["until"] is NSNull)
        #expect(decision["reader"] as? String == "anonymous")
    }

    @Test func aDryRunOfAJobChangesNothing() async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("clock", "advance", "14d")
        let dry = try await shell.fortnight("jobs", "run", "trial-expiry", "--dry-run", "--json")
        #expect(try dry.jsonLines().count == 1)
        #expect(try await shell.fortnight("jobs", "history", "--json").output.isEmpty)
        #expect(try await shell.fortnight("jobs", "list", "--json").jsonLines().first?["due"] as? Int == 1)
    }

    @Test func ofTwoJobProcessesAtOnceOneEndsTenThousandTrialsAndTheOtherIsToldSo() async throws {
        let shell = try await prepared()
        try await shell.fillWithTrials(10_000)
        #expect(try await shell.fortnight("clock", "advance", "3650d").status == 0)
        async let first = shell.fortnight("jobs", "run", "trial-expiry", "--json")
        async let second = shell.fortnight("jobs", "run", "trial-expiry", "--json")
        let outcomes = try await [first, second].sorted { $0.status < $1.status }
        #expect(outcomes.map(\.status) == [0, 75])
        #expect(outcomes[1].errors.contains("job_running"))
        #expect(try outcomes[0].json()["processed"] as? Int == 10_000)
        #expect(try await shell.rowCounts()["events"] == 20_000)
        #expect(try await shell.rowCounts()["outbox"] == 10_000)
    }

    @Test func accountsOfOneMomentAreListedInTheOrderTheyWereMade() async throws {
        let shell = try await prepared()
        let emails = (0..<6).map { "r\($0)@example.com" }
        for email in emails { try await shell.fortnight("signup", email) }
        let listed = try await shell.fortnight("account", "list", "--json").jsonLines()
        #expect(listed.compactMap { $0["email"] as? String } == emails)
    }

    @Test func theOptionsOfAnImportReachTheArticlesAndADryRunDoesNot() async throws {
        let shell = try await prepared()
        let options = ["--title", "star", "--access", "free", "--section", "Sky"]
        let dry = try await shell.run(
            "/usr/bin/env", ["{}", "article", "import", "sternwarte.atom.xml", "--dry-run"] + options)
        #expect(dry.output.contains("8 added"))
        #expect(try await shell.fortnight("title", "list", "--json").jsonLines().count == 1)
        _ = try await shell.run("/usr/bin/env", ["{}", "article", "import", "sternwarte.atom.xml"] + options)
        let articles = try await shell.fortnight("article", "list", "--title", "star", "--section", "Sky", "--json")
            .jsonLines()
        #expect(articles.count == 8)
        #expect(articles.allSatisfy { $0["access"] as? String == "free" })
        #expect(articles.allSatisfy { ($0["key"] as? String)?.hasPrefix("star/") == true })
    }

    @Test func aRejectedEntryIsReportedWithItsPlaceAndReason() async throws {
        let shell = try await prepared()
        let feed = """
            <rss version="2.0"><channel><title>Mixed</title>
            <item><guid>1</guid><title>Good</title><description>Text.</description></item>
            <item><title>No guid</title><description>Text.</description></item>
            </channel></rss>
            """
        _ = try shell.directory.write("mixed.xml", feed)
        let outcome = try await shell.fortnight("article", "import", "mixed.xml")
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("entry 2, line 3, ‘No guid’"))
        #expect(outcome.output.contains("1 added, 0 updated, 0 unchanged, 1 rejected"))
    }

    @Test func aResultThatCannotBeWrittenIsNoSuccess() async throws {
        let shell = try await prepared()
        let outcome = try await shell.run("/bin/bash", ["-c", "\"$0\" article list > /dev/full", "{}"])
        #expect(outcome.status == 74)
    }

    @Test func twoProcessesSigningUpOnePersonFiftyTimesMakeOneAccountEachTime() async throws {
        let shell = try await prepared()
        for number in 0..<50 {
            async let first = shell.fortnight("signup", "r\(number)@example.com")
            async let second = shell.fortnight("signup", "R\(number)+again@example.com")
            let statuses = try await [first.status, second.status].sorted()
            #expect(statuses == [0, 65])
        }
        let accounts = try await shell.fortnight("account", "list", "--json", "--limit", "1000").jsonLines()
        #expect(accounts.count == 50)
    }

    @Test func standardInputAndGzipAreReadLikeFiles() async throws {
        let shell = try await prepared()
        let feed = try #require(SampleFeed.all.last)
        let piped = try await shell.fortnight(
            "article", "import", "-", "--json", input: String(decoding: feed.bytes, as: UTF8.self))
        #expect(try piped.json()["added"] as? Int == 8)
        let zipped = try await shell.run("/usr/bin/gzip", ["-k", "sternwarte.atom.xml"])
        #expect(zipped.status == 0)
        #expect(
            try await shell.fortnight("article", "import", "sternwarte.atom.xml.gz", "--json").json()["added"] as? Int
                == 8)
    }

    @Test(.disabled(if: Shell.isSanitized, "A sanitizer needs more than this allows."))
    func tenThousandEntriesImportInFlatMemory() async throws {
        let shell = try await prepared()
        // Most of it stands in an element that is not read, because cleaning 50 MB of HTML is slow in a debug build.
        let filling = "<x>\(String(repeating: "Some text. ", count: 450))</x>"
        var feed = "<rss version=\"2.0\"><channel><title>Big</title>"
        for number in 0..<10_000 {
            feed +=
                "<item><guid>\(number)</guid><title>Headline</title><description>Text.</description>\(filling)</item>"
        }
        _ = try shell.directory.write("big.xml", feed + "</channel></rss>")
        // The process may have 160 MB for its data; the feed as a tree would take several times its 50 MB.
        let script = "ulimit -d 160000; exec \"$0\" article import big.xml --json"
        let outcome = try await shell.run("/bin/bash", ["-c", script, "{}"])
        #expect(try outcome.json()["added"] as? Int == 10_000)
        #expect(outcome.errors.isEmpty)
    }

    @Test func listsGoOnWhereThePageBeforeEnded() async throws {
        let shell = try await prepared()
        for number in 0..<5 {
            try await shell.fortnight("clock", "advance", "1s")
            try await shell.fortnight("signup", "r\(number)@example.com")
        }
        let first = try await shell.fortnight("account", "list", "--limit", "3", "--json").jsonLines()
        #expect(first.count == 4)
        let cursor = try #require(first.last?["next"] as? String)
        let second = try await shell.fortnight("account", "list", "--after", cursor, "--json").jsonLines()
        #expect(second.compactMap { $0["email"] as? String } == ["r3@example.com", "r4@example.com"])
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func theDemoHasReadersInEveryState() async throws {
        let shell = try await Shell()
        let demo = try await shell.fortnight("demo", "demo", "--json")
        #expect(demo.status == 0)
        let database = try #require(try demo.json()["database"] as? String)
        let accounts = try await shell.fortnight("account", "list", "--json", "--database", database).jsonLines()
        let statuses = ["trialing", "expired", "none", "suspended", "active", "past_due", "paused"]
        #expect(Set(accounts.compactMap { $0["status"] as? String }) == Set(statuses))
        #expect(try await shell.fortnight("doctor", "--database", database).status == 0)
        #expect(try await shell.fortnight("title", "list", "--json", "--database", database).jsonLines().count == 3)
        #expect(try await shell.fortnight("demo", "demo").status == 65)
    }

    @Test func editorsWordsSurviveAnImport() async throws {
        let shell = try await prepared()
        let edited = try await shell.fortnight(
            "article", "edit", MainJobTests.article, "--summary", "It closes.", "--key-point", "One.", "--key-point",
            "Two.")
        #expect(edited.status == 0)
        #expect(try await shell.fortnight("article", "set-access", MainJobTests.article, "free").status == 0)
        let again = try await shell.fortnight(
            "article", "import", "harbour-times.rss.xml", "--title", "harbour-times", "--json"
        ).json()
        #expect(again["unchanged"] as? Int == 8)
        let shown = try await shell.fortnight("article", "show", MainJobTests.article, "--json").json()
        #expect(shown["summary"] as? String == "It closes.")
        #expect(shown["key_points"] as? [String] == ["One.", "Two."])
        #expect(shown["access"] as? String == "free")
        #expect(shown["body"] == nil)
        #expect(
            try await shell.fortnight("article", "show", MainJobTests.article, "--json", "--body").json()["body"] != nil
        )
    }
}
