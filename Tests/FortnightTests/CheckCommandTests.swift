import Testing
import TestSupport

/// `check` through the built binary: several questions, standard input, explanations, replays.
struct CheckCommandTests {
    private static let feed = """
        {"version": "https://jsonfeed.org/version/1.1", "title": "Golem", "items": [
            {"id": "1", "title": "The bridge", "date_published": "2020-01-01T00:00:00Z", "content_text": "One. Two."},
            {"id": "2", "title": "The ferry", "date_published": "2020-01-01T00:00:00Z", "content_text": "One. Two."}]}
        """

    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox", "--price", "9.99", "--currency", "EUR").status == 0)
        #expect(try await shell.fortnight("article", "import", "-", input: CheckCommandTests.feed).status == 0)
        #expect(try await shell.fortnight("article", "set-access", "golem/the-ferry", "free").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com", "--no-trial").status == 0)
        return shell
    }

    @Test func severalArticlesAreAnsweredLineByLine() async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight(
            "check", "ada@example.com", "golem/the-ferry", "golem/the-bridge", "--json")
        #expect(outcome.status == 1)
        #expect(try outcome.jsonLines().map { $0["reason"] as? String } == ["free", "subscription_required"])
        #expect(
            try await shell.fortnight("check", "ada@example.com", "golem/the-ferry", "golem/the-ferry").status == 0)
        let unknown = try await shell.fortnight("check", "ada@example.com", "golem/nothing", "golem/the-bridge")
        #expect(unknown.status == 66)
        #expect(unknown.output.contains("Not answered (unknown_article): There is no article ‘golem/nothing’."))
        #expect(unknown.output.contains("Denied (subscription_required)"))
    }

    @Test func linesOfStandardInputAreAnsweredInTheirOrder() async throws {
        let shell = try await prepared()
        let lines = """
            ada@example.com golem/the-bridge
            anonymous golem/the-ferry

            visitor:0123456789abcdef golem/the-bridge
            visitor:short golem/the-bridge
            only-one-word
            nobody@example.com golem/the-bridge
            """
        let outcome = try await shell.fortnight("check", "--stdin", "--json", input: lines)
        let answers = try outcome.jsonLines()
        #expect(
            answers.map { $0["reason"] as? String ?? ($0["error"] as? [String: Any])?["code"] as? String } == [
                "subscription_required", "free", "sign_up_required", "invalid_input", "invalid_input",
                "unknown_account",
            ])
        #expect(answers[4]["question"] as? String == "only-one-word")
        // The first that is no answer says what the status is.
        #expect(outcome.status == 64)
        let articles = try await shell.fortnight(
            "check", "ada@example.com", "--stdin", input: "golem/the-ferry\ngolem/the-ferry")
        #expect(articles.status == 0)
        #expect(articles.output.split(separator: "\n").count == 2)
        let readers = try await shell.fortnight(
            "check", "--stdin", "--article", "golem/the-ferry", input: "ada@example.com\nanonymous\n")
        #expect(readers.status == 0)
    }

    @Test(arguments: [1001, 5000, 300_000]) func aLineThatIsTooLongTakesNoOtherWithIt(length: Int) async throws {
        let shell = try await prepared()
        let long = String(repeating: "x", count: length)
        let longest = "anonymous golem/the-ferry" + String(repeating: " ", count: 975)
        let lines = ["anonymous golem/the-ferry", long, longest, "anonymous golem/the-bridge", long]
        for (end, last) in [("\n", ""), ("\r\n", "\r\n")] {
            let outcome = try await shell.fortnight(
                "check", "--stdin", "--json", input: lines.joined(separator: end) + last)
            let answers = try outcome.jsonLines()
            let errors = answers.map { $0["error"] as? [String: Any] }
            #expect(answers.map { $0["reason"] as? String } == ["free", nil, "free", "sign_up_required", nil])
            #expect(errors.map { $0?["code"] as? String } == [nil, "invalid_input", nil, nil, "invalid_input"])
            #expect((errors[1]?["message"] as? String)?.contains("longer than 1000 bytes") == true)
            #expect(answers[1]["question"] as? String == String(repeating: "x", count: 40))
            #expect(outcome.status == 64 && outcome.errors.isEmpty)
        }
    }

    @Test func linesMayEndWithACarriageReturn() async throws {
        let shell = try await prepared()
        let lines = "ada@example.com golem/the-bridge\r\n\r\nanonymous golem/the-ferry\r\n"
        let outcome = try await shell.fortnight("check", "--stdin", "--json", input: lines)
        #expect(try outcome.jsonLines().map { $0["reason"] as? String } == ["subscription_required", "free"])
        #expect(outcome.status == 1)
    }

    @Test func aPauseIsNamedOnlyWhereWhatIsPausedWouldOpenTheArticle() async throws {
        let shell = try await prepared()
        for (plan, entitlement) in [("sport", "title:golem"), ("other", "crossword")] {
            try await shell.fortnight("plan", "add", plan, "--price", "4.99:EUR", "--entitlement", entitlement)
            try await shell.fortnight("plan", "publish", plan)
            let reader = plan + "@example.com"
            try await shell.fortnight("signup", reader, "--no-trial")
            try await shell.fortnight(
                "subscription", "start", reader, "--plan", plan, "--amount", "4.99", "--currency", "EUR",
                "--reference", plan)
            try await shell.fortnight("subscription", "pause", reader)
            let outcome = try await shell.fortnight("check", reader, "golem/the-bridge")
            #expect(outcome.output.contains("subscription_required"), "\(outcome)")
            #expect(outcome.output.contains("is paused") == (plan == "sport"), "\(outcome)")
        }
    }

    @Test func theVisitorsOfLinesHaveTheZoneThatIsGiven() async throws {
        let shell = try await prepared()
        try await shell.fortnight("rule", "set", "article:golem/the-bridge", "metered")
        try await shell.fortnight("rule", "set", "default", "--anonymous", "2", "--registered", "2")
        let lines = "visitor:0123456789abcdef golem/the-bridge\nada@example.com golem/the-bridge"
        func resets(_ zone: String...) async throws -> [String?] {
            try await shell.run("/usr/bin/env", ["{}", "check", "--stdin", "--json"] + zone, input: lines).jsonLines()
                .map { ($0["meter"] as? [String: Any])?["resets_at"] as? String }
        }
        let usual = try await resets()
        let (berlin, other) = (try await resets("--time-zone", "Europe/Berlin"), usual[1])
        #expect(usual[0]?.hasSuffix("-01T00:00:00Z") == true)
        #expect(berlin[0]?.hasSuffix("T23:00:00Z") == true || berlin[0]?.hasSuffix("T22:00:00Z") == true)
        // An account has its own.
        #expect(berlin[1] == other)
    }

    @Test func moreLinesThanABatchTakesAreAnsweredAll() async throws {
        let shell = try await prepared()
        let lines = String(repeating: "anonymous golem/the-ferry\n", count: 2500)
        let outcome = try await shell.fortnight("check", "--stdin", input: lines)
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").count == 2500)
    }

    @Test func anExplanationShowsTheRowsUpToTheOneThatDecided() async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight("check", "ada@example.com", "golem/the-bridge", "--explain")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("default"))
        #expect(outcome.output.contains("→ 16. subscription_required"))
        let json = try await shell.fortnight("check", "ada@example.com", "golem/the-ferry", "--explain", "--json")
            .json()
        #expect(json["reason"] as? String == "free")
        let explanation = json["explanation"] as? [String: Any]
        let steps = explanation?["steps"] as? [[String: Any]] ?? []
        #expect(steps.map { $0["row"] as? Int } == [1, 2, 3, 4])
        #expect(steps.last?["applies"] as? Bool == true)
    }

    @Test func aPastDecisionIsMadeAgain() async throws {
        let shell = try await prepared()
        let then = try await shell.fortnight("clock", "show", "--json").json()["now"] as? String ?? ""
        #expect(try await shell.fortnight("clock", "advance", "1d").status == 0)
        #expect(try await shell.fortnight("article", "set-access", "golem/the-bridge", "free").status == 0)
        #expect(try await shell.fortnight("check", "ada@example.com", "golem/the-bridge").status == 0)
        let replay = try await shell.fortnight("check", "ada@example.com", "golem/the-bridge", "--known-at", then)
        #expect(replay.status == 1)
        #expect(replay.output.contains("subscription_required"))
        let ahead = try await shell.fortnight(
            "check", "ada@example.com", "golem/the-bridge", "--known-at", "2999-01-01T00:00:00Z")
        #expect(ahead.status == 64)
    }

    @Test(arguments: [
        (["check", "--visitor", "short", "golem/the-bridge"], "is not the id of a visitor"),
        (["check", "--visitor", "0123456789abcdef", "--anonymous", "golem/the-bridge"], "exclude each other"),
        (["check", "--time-zone", "UTC", "--anonymous", "golem/the-bridge"], "goes with --visitor"),
        (["check", "--visitor", "0123456789abcdef", "--time-zone", "Moon", "golem/the-bridge"], "is not a time zone"),
        (["check", "--stdin", "--explain"], "--explain"),
        (["check", "--stdin", "--time-zone", "Moon"], "is not a time zone"),
        (["check", "ada@example.com", "--stdin", "--time-zone", "UTC"], "goes with --visitor"),
        (["check", "--anonymous", "--stdin", "--time-zone", "UTC"], "goes with --visitor"),
        (["check", "--article", "golem/the-bridge", "ada@example.com"], "--stdin"),
        (["check", "ada@example.com", "golem/a", "golem/b", "--explain"], "one article at a time"),
        (["check", "ada@example.com"], "Name a reader and an article"),
        (["check", "--anonymous"], "Name an article"),
    ])
    func aQuestionThatIsNoneIsRefused(arguments: [String], said: String) async throws {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(said), "\(outcome.errors)")
    }
}
