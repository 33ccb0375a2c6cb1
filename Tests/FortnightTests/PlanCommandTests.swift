import Foundation
import Testing
import TestSupport

/// The catalog through the built binary.
struct PlanCommandTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox", "--price", "9.99", "--currency", "EUR").status == 0)
        return shell
    }

    private static let catalog = """
        plans:
          membership:
            prices: {EUR: 10.99}
            interval: 1 month
            trial_days: 14
            grace_days: 7
            entitlements: [all-titles]

        """

    @Test func aDatabaseBeginsWithAPlanOfAMonthAndSevenDaysOfGrace() async throws {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox", "--trial-days", "10", "--price", "9", "--currency", "usd")
        let plan = try await shell.fortnight("plan", "show", "membership", "--json").json()
        let version = try #require((plan["versions"] as? [[String: Any]])?.first)
        #expect(version["interval"] as? String == "1 month")
        #expect(version["trial_days"] as? Int == 10)
        #expect(version["grace_days"] as? Int == 7)
        #expect(version["prices"] as? [[String: String]] == [["amount": "9.00", "currency": "USD"]])
        #expect(version["open_subscriptions"] as? Int == 0)
        #expect(plan["draft_version"] is NSNull)
        #expect(
            try await shell.fortnight("init", "--trial-days", "10", "--price", "9.00", "--currency", "USD").status == 0)
        let other = try await shell.fortnight("init", "--trial-days", "11")
        #expect(other.status == 65)
        #expect(other.errors.contains("10 trial days, 9.00 USD"))
    }

    @Test func fromADraftToMovedSubscribers() async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("payment", "record", "ada@example.com", "9.99", "EUR", "--reference", "A-1")
        try await shell.fortnight("trial", "end", "ada@example.com")
        try await shell.fortnight("signup", "bea@example.com")

        let drafted = try await shell.fortnight("plan", "add", "membership", "--price", "10.99:EUR")
        #expect(drafted.status == 0)
        #expect(drafted.output == "Drafted membership@2.\n  price EUR: 9.99 → 10.99\n")
        let replaced = try await shell.fortnight(
            "plan", "add", "membership", "--price", "11.99:EUR", "--price", "13:USD")
        #expect(replaced.errors.contains("The draft of version 2 that was there is replaced."))
        let published = try await shell.fortnight("plan", "publish", "membership")
        #expect(published.output == "Published membership@2.\n  price EUR: 9.99 → 11.99\n  price USD: none → 13.00\n")
        #expect(published.errors.contains("2 subscriptions stay"))
        #expect(try await shell.fortnight("plan", "publish", "membership").status == 66)

        let before = try await shell.rowCounts()
        let told = try await shell.fortnight(
            "plan", "migrate", "membership", "--from", "1", "--to", "2", "--dry-run", "--json")
        #expect(try await shell.rowCounts() == before)
        let done = try await shell.fortnight("plan", "migrate", "membership", "--from", "1", "--to", "2")
        #expect(done.status == 0)
        #expect(done.output.contains("9.99 EUR → 11.99 EUR, 13.00 USD"))
        #expect(done.errors.contains("2 moved, 0 stay"))
        let lines = try told.jsonLines()
        #expect(lines.map { $0["status"] as? String } == ["active", "trialing"])
        #expect(lines.allSatisfy { $0["moves"] as? Bool == true && $0["stays_because"] is NSNull })
        #expect(lines[0]["prices_before"] as? [[String: String]] == [["amount": "9.99", "currency": "EUR"]])
        #expect(lines[0]["gains"] as? [String] == [])
        let again = try await shell.fortnight("plan", "migrate", "membership", "--from", "1", "--to", "2")
        #expect(again.output.isEmpty)
        #expect(again.errors.contains("0 moved, 0 stay, 1 moved before"))

        let list = try await shell.fortnight("plan", "list")
        #expect(list.output.contains("membership  2        11.99 EUR, 13.00 USD"))
        let shown = try await shell.fortnight("plan", "show", "membership", "--version", "1", "--json").json()
        #expect((shown["versions"] as? [Any])?.count == 1)
    }

    @Test func aMigrationOfWhichNoneCanBeMovedHasFailed() async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("payment", "record", "ada@example.com", "9.99", "EUR", "--reference", "A-1")
        try await shell.fortnight("trial", "end", "ada@example.com")
        try await shell.fortnight("subscription", "pause", "ada@example.com")
        try await shell.fortnight("plan", "add", "membership", "--price", "10.99:EUR")
        try await shell.fortnight("plan", "publish", "membership")
        let outcome = try await shell.fortnight("plan", "migrate", "membership", "--from", "1", "--to", "2")
        #expect(outcome.status == 65)
        #expect(outcome.output.contains("it is paused"))
    }

    @Test func theCatalogShowsTheDifferenceThenIsApplied() async throws {
        let shell = try await prepared()
        _ = try shell.directory.write("catalog.yml", PlanCommandTests.catalog)
        let before = try await shell.rowCounts()
        let told = try await shell.fortnight("plan", "apply", "catalog.yml", "--dry-run")
        #expect(told.status == 0)
        #expect(told.output == "membership: version 2\n  price EUR: 9.99 → 10.99\n")
        #expect(told.errors.contains("Nothing was changed."))
        #expect(try await shell.rowCounts() == before)
        let done = try await shell.fortnight("plan", "apply", "-", "--json", input: PlanCommandTests.catalog)
        #expect(try done.json()["changed"] as? Bool == true)
        let again = try await shell.fortnight("plan", "apply", "catalog.yml")
        #expect(again.output == "membership: unchanged\n")
    }

    @Test func aRetiredPlanIsListedAsSuch() async throws {
        let shell = try await prepared()
        try await shell.fortnight("plan", "add", "archive", "--price", "4:EUR", "--entitlement", "all-titles")
        try await shell.fortnight("plan", "publish", "archive")
        #expect(
            try await shell.fortnight("plan", "retire", "archive").output == "Retired archive. 0 subscriptions stay.\n")
        let again = try await shell.fortnight("plan", "retire", "archive")
        #expect(again.status == 0)
        #expect(again.output.contains("already"))
        let line = try await shell.fortnight("plan", "list").output.split(separator: "\n").first {
            $0.contains("archive")
        }
        #expect(line?.hasSuffix("retired") == true)
        #expect(try await shell.fortnight("plan", "retire", "membership").status == 65)
    }

    @Test(arguments: [
        (["add", "Plan A", "--price", "9:EUR"], 65, "‘Plan A’"), (["add", "a", "--price", "9.99"], 64, "‘9.99’"),
        (["add", "a", "--price", "9:XQZ"], 64, "‘XQZ’"), (["add", "a", "--price", "9.999:EUR"], 64, "‘9.999’"),
        (["add", "a", "--price", "9.5:JPY"], 64, "‘9.5’"), (["add", "a", "--price", "-9:EUR"], 64, "‘-9’"),
        (["add", "a", "--price", "9:EUR:x"], 64, "‘9:EUR:x’"),
        (["add", "membership", "--price", "9:EUR", "--price", "8:EUR"], 64, "two prices in EUR"),
        (["add", "membership", "--price", "0:EUR", "--price", "8:USD"], 64, "free"),
        (["add", "membership", "--interval", "0 months"], 64, "‘0 months’"),
        (["add", "membership", "--interval", "1 decade"], 64, "‘1 decade’"),
        (["add", "membership", "--trial-days", "-1"], 64, "‘-1’"),
        (["add", "membership", "--trial-days", "x"], 64, "'x'"),
        (["add", "membership", "--grace-days", "28"], 64, "‘28’"), (["add", "a", "--price", "9:EUR"], 64, "nothing"),
        (["add", "a", "--entitlement", "All"], 64, "‘All’"), (["add", "a", "--entitlement", "title:x"], 66, "‘x’"),
        (["publish", "membership"], 66, "no draft"), (["publish", "a"], 66, "‘a’"), (["show", "a"], 66, "‘a’"),
        (["show", "membership", "--version", "2"], 66, "version 2"), (["retire", "a"], 66, "‘a’"),
        (["migrate", "membership", "--from", "1", "--to", "2"], 66, "version 2"),
        (["migrate", "membership", "--from", "1", "--to", "1", "--at", "now"], 64, "membership@1"),
        (["migrate", "membership", "--from", "1", "--to", "2", "--at", "noon"], 64, "‘noon’"),
        (["migrate", "membership", "--from", "1", "--to", "1", "--reason", "for a@b.example"], 64, "address"),
        (["apply", "none.yml"], 66, "none.yml"), (["apply", "."], 66, "‘.’"),
        (["apply", "twice.yml"], 65, "line 2: ‘membership’ stands there twice"),
        (["apply", "empty.yml"], 65, "empty"),
    ])
    func badInputIsRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        let plan = PlanCommandTests.catalog.replacing("plans:\n", with: "")
        _ = try shell.directory.write(
            "twice.yml", "plans:\n" + plan + plan.replacing("membership", with: "\"membership\""))
        _ = try shell.directory.write("empty.yml", "")
        let before = try await shell.rowCounts()
        let outcome = try await shell.run("/usr/bin/env", ["{}", "plan"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts() == before)
    }
}
