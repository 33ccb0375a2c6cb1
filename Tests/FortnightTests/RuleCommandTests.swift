import Foundation
import Testing
import TestSupport

/// The rules of access through the built binary.
struct RuleCommandTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        try await shell.addArticle("golem/the-bridge", section: "Sport")
        return shell
    }

    private static let file = """
        rules:
          default: {access: premium, meter: {anonymous: 2, registered: 5}, teaser: 2 paragraphs}
          title:golem:
            access: metered
            free_after: 30000d
            requires: [all-titles, "title:golem"]
          article:golem/the-bridge:
            - {access: free, until: 2098-12-01T00:00:00Z}
            - {access: premium, from: 2098-12-01T00:00:00Z}

        """

    @Test func whereThereIsNoRuleItIsSaidWhatHolds() async throws {
        let shell = try await prepared()
        let list = try await shell.fortnight("rule", "list")
        #expect(list.status == 0 && list.output.isEmpty)
        #expect(list.errors.contains("premium"))
        #expect(try await shell.fortnight("rule", "list", "--json").output.isEmpty)
        let explained = try await shell.fortnight("rule", "explain", "golem/the-bridge")
        #expect(explained.output.contains("golem/the-bridge is premium"))
        #expect(explained.output.contains("because no rule says so"))
        #expect(explained.output.contains("Nothing changes by itself."))
    }

    @Test func whatIsNotOutYetIsNowhereCalledFree() async throws {
        let shell = try await prepared()
        try await shell.fortnight(
            "rule", "set", "article:golem/the-bridge", "premium", "--free-for", "1d", "--embargo-until",
            "2098-12-01T00:00:00Z")
        let list = try await shell.fortnight("article", "list")
        #expect(list.output.contains("2098-12-01T00:00:00Z  not_published"), "\(list.output)")
        let shown = try await shell.fortnight("article", "show", "golem/the-bridge", "--json").json()
        #expect(shown["access"] as? String == "not_published")
        let explained = try await shell.fortnight("rule", "explain", "golem/the-bridge")
        #expect(explained.output.contains("Nobody may read golem/the-bridge"))
        #expect(!explained.output.contains("nothing is needed"), "\(explained.output)")
    }

    @Test func aRuleIsSetExplainedAndUnset() async throws {
        let shell = try await prepared()
        let set = try await shell.fortnight(
            "rule", "set", "title:golem", "metered", "--free-after", "30000d", "--anonymous", "2", "--registered", "5",
            "--teaser", "20%", "--requires", "all-titles", "--requires", "section:golem/sport", "--reason", "A try")
        #expect(set.status == 0, "\(set.errors)")
        #expect(set.output.hasPrefix("TARGET"))
        #expect(set.output.contains("metered, free after 30000d, requires all-titles or section:golem/sport; meter 2"))
        #expect(set.output.contains("A try"))

        let more = try await shell.fortnight(
            "rule", "set", "title:golem", "--requires", "usual", "--no-meter", "--free-after", "none", "--teaser",
            "none", "--withdrawn", "--json")
        let rule = try #require(try more.jsonLines().first)
        #expect(
            Set(rule.keys) == [
                "access", "actor", "embargo_until", "ends_at", "free_after", "free_for", "id", "meter", "reason",
                "recorded_at", "requires", "starts_at", "target", "teaser", "unreadable", "void_reason", "voided_at",
                "voided_by", "withdrawn",
            ])
        #expect(rule["access"] as? String == "metered")
        #expect(rule["withdrawn"] as? Bool == true)
        #expect(rule["requires"] as? [String] == [])
        #expect(["free_after", "meter", "teaser", "ends_at"].allSatisfy { rule[$0] is NSNull })

        let withdrawn = try await shell.fortnight("rule", "explain", "golem/the-bridge")
        #expect(withdrawn.output.contains("Nobody may read golem/the-bridge"))
        #expect(withdrawn.output.contains("title:golem withdraws it"))
        try await shell.fortnight("rule", "set", "title:golem", "--no-withdrawn")
        try await shell.fortnight(
            "rule", "set", "section:golem/sport", "free", "--from", "2098-01-01T00:00:00Z", "--until",
            "2098-02-01T00:00:00Z")
        let explained = try await shell.fortnight("rule", "explain", "golem/the-bridge", "--json").json()
        #expect(explained["level"] as? String == "metered")
        #expect(explained["origin"] as? String == "title:golem")
        #expect(explained["next_change_at"] as? String == "2098-01-01T00:00:00Z")
        #expect(explained["opened_by"] as? [String] == ["all-titles", "title:golem"])
        let uses = try #require(explained["rules"] as? [[String: Any]])
        #expect(
            uses.map { $0["target"] as? String } == [
                "article:golem/the-bridge", "section:golem/sport", "title:golem", "default",
            ])
        #expect(uses[2]["counts"] as? [String] == ["access"])
        let later = try await shell.fortnight(
            "rule", "explain", "golem/the-bridge", "--at", "2098-01-15T00:00:00Z")
        #expect(later.output.contains("golem/the-bridge is free at 2098-01-15T00:00:00Z"))
        #expect(later.output.contains("Access: free, by section:golem/sport"))

        let listed = try await shell.fortnight("rule", "list", "--title", "golem", "--json").jsonLines()
        #expect(listed.map { $0["target"] as? String } == ["section:golem/sport", "title:golem"])
        let unset = try await shell.fortnight("rule", "unset", "title:golem")
        #expect(unset.output.contains("Took away from title:golem: metered."))
        let again = try await shell.fortnight("rule", "unset", "title:golem", "--json").json()
        #expect((again["removed"] as? [Any])?.isEmpty == true)
        let nothing = try await shell.fortnight("rule", "unset", "default")
        #expect(nothing.status == 0 && nothing.output.isEmpty)
        #expect(nothing.errors.contains("default has no rule of that time"))
    }

    @Test func aFileShowsTheDifferenceThenIsApplied() async throws {
        let shell = try await prepared()
        try await shell.fortnight("rule", "set", "section:golem/sport", "registered")
        _ = try shell.directory.write("rules.yml", RuleCommandTests.file)
        let before = try await shell.rowCounts()
        let told = try await shell.fortnight("rule", "apply", "rules.yml", "--dry-run")
        #expect(told.status == 0, "\(told.errors)")
        #expect(
            told.output == """
                default: would change
                  from now on: no rule → premium; meter 2 anonymous, 5 registered a month; teaser 2 paragraphs
                title:golem: would change
                  from now on: no rule → metered, free after 30000d, requires all-titles or title:golem
                article:golem/the-bridge: would change
                  from now until 2098-12-01T00:00:00Z: no rule → free
                  from 2098-12-01T00:00:00Z on: no rule → premium
                section:golem/sport: not in the file, left as it is

                """)
        #expect(told.errors.contains("Nothing was changed."))
        #expect(try await shell.rowCounts() == before)
        let done = try await shell.fortnight("rule", "apply", "-", input: RuleCommandTests.file)
        #expect(done.output == told.output.replacing("would change", with: "changed"))
        #expect(done.errors.contains("Applied."))
        let after = try await shell.rowCounts()
        let again = try await shell.fortnight("rule", "apply", "rules.yml")
        #expect(again.output.contains("default: unchanged"))
        #expect(again.errors.contains("The file says what there is. Nothing was changed."))
        #expect(try await shell.rowCounts() == after)
        let report = try await shell.fortnight("rule", "apply", "rules.yml", "--json").json()
        #expect(report["changed"] as? Bool == false && report["dry_run"] as? Bool == false)
        #expect(report["missing"] as? [String] == ["section:golem/sport"])
        #expect(try await shell.fortnight("check", "--anonymous", "golem/the-bridge").status == 0)
    }

    @Test(arguments: [
        (["rule", "set", "title:golem", "gold"], 64, "‘gold’"), (["rule", "set", "golem", "free"], 64, "‘golem’"),
        (["rule", "set", "title:golem"], 64, "title:golem"),
        (["rule", "set", "title:golem", "premium", "--requires", "gold"], 66, "‘gold’"),
        (["rule", "set", "title:golem", "premium", "--requires", "Gold Card"], 64, "‘Gold Card’"),
        (["rule", "set", "title:golem", "premium", "--requires", "section:golem/chess"], 66, "‘chess’"),
        (["rule", "set", "title:golem", "premium", "--requires", "usual", "--requires", "all-titles"], 64, "usual"),
        (["rule", "set", "title:golem", "free", "--until", "2001-01-01T00:00:00Z"], 64, "2001-01-01"),
        (
            [
                "rule", "set", "title:golem", "free", "--from", "2098-02-01T00:00:00Z", "--until",
                "2098-02-01T00:00:00Z",
            ], 64, "2098-02-01"
        ), (["rule", "set", "title:golem", "free", "--from", "2098-02-01T00:00:00"], 64, "zone"),
        (["rule", "set", "title:golem", "--embargo-until", "tomorrow"], 64, "‘tomorrow’"),
        (["rule", "set", "section:golem/chess", "free"], 66, "‘chess’"),
        (["rule", "set", "title:nowhere", "free"], 66, "‘nowhere’"),
        (["rule", "set", "article:golem/nothing", "free"], 66, "golem/nothing"),
        (["rule", "set", "article:golem/the-bridge", "--registered", "3"], 64, "a meter of its own"),
        (["rule", "set", "section:golem/sport", "--teaser", "20%"], 64, "a teaser of its own"),
        (["rule", "set", "default", "--anonymous", "-1"], 64, "‘-1’"),
        (["rule", "set", "default", "--anonymous", "10001"], 64, "‘10001’"),
        (["rule", "set", "default", "--anonymous", "many"], 64, "many"),
        (["rule", "set", "default", "--no-meter", "--anonymous", "1"], 64, "--no-meter"),
        (["rule", "set", "default", "free", "--no-access"], 64, "--no-access"),
        (["rule", "set", "article:golem/the-bridge", "--withdrawn", "--no-withdrawn"], 64, "--no-withdrawn"),
        (["rule", "set", "default", "--free-for", "24h"], 64, "access"),
        (["rule", "set", "default", "premium", "--free-for", "-24h"], 64, "--free-for"),
        (["rule", "set", "default", "premium", "--free-for", "a day"], 64, "‘a day’"),
        (["rule", "set", "default", "premium", "--free-for", "30d", "--free-after", "30d"], 64, "30d"),
        (["rule", "set", "default", "--teaser", "60%"], 64, "‘60%’"),
        (["rule", "set", "default", "free", "--reason", "asked by ada@example.com"], 64, "ada@example.com"),
        (["rule", "unset", "title:nowhere"], 66, "‘nowhere’"), (["rule", "unset", "everything"], 64, "‘everything’"),
        (["rule", "unset", "default", "--until", "2001-01-01T00:00:00Z"], 64, "2001-01-01"),
        (["rule", "list", "--title", "nowhere"], 66, "‘nowhere’"),
        (["rule", "list", "--known-at", "2099-01-01T00:00:00Z"], 64, "2099-01-01"),
        (["rule", "list", "--at", "noon"], 64, "‘noon’"), (["rule", "explain", "golem/nothing"], 66, "golem/nothing"),
        (["rule", "explain", "golem"], 65, "‘golem’"),
        (["rule", "explain", "golem/the-bridge", "--known-at", "2099-01-01T00:00:00Z"], 64, "2099-01-01"),
        (["rule", "apply", "nothing.yml"], 66, "‘nothing.yml’"), (["rule", "apply", "."], 66, "‘.’"),
        (["rule", "apply", "typo.yml"], 65, "‘typo.yml’, line 3: ‘title:golem’ has the key ‘free_fro’"),
    ])
    func whatIsWrongIsRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        _ = try shell.directory.write(
            "typo.yml", "rules:\n  default: {access: free}\n  title:golem: {free_fro: 24h}\n")
        let before = try await shell.rowCounts()
        let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts() == before)
    }

    @Test func aRuleThatCannotBeUnderstoodLetsNobodyInAndIsNamed() async throws {
        let shell = try await prepared()
        try await shell.fortnight("rule", "set", "title:golem", "free")
        try await shell.tamper("UPDATE access_rules SET requires = 'All Titles'")
        let check = try await shell.fortnight("check", "--anonymous", "golem/the-bridge", "--json")
        #expect(check.status == 1)
        #expect(try check.json()["reason"] as? String == "rule_unreadable")
        #expect(try await shell.fortnight("rule", "list").output.contains("cannot be understood: ‘All’"))
        let explained = try await shell.fortnight("rule", "explain", "golem/the-bridge")
        #expect(explained.output.contains("the rule of title:golem cannot be understood"))
        #expect(try await shell.fortnight("title", "list").output.contains("unreadable"))
        let doctor = try await shell.fortnight("doctor")
        #expect(doctor.output.contains("WRONG  access rules"))
        try await shell.fortnight("rule", "unset", "title:golem")
        #expect(try await shell.fortnight("rule", "list").output.isEmpty)
    }
}
