import Foundation
import MembershipStore
import Testing
import TestSupport

/// Events, the past and the time ahead through the built binary.
struct HistoryCommandTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com").status == 0)
        return shell
    }

    private func fixedTime(_ shell: Shell) async throws -> String {
        try await shell.fortnight("clock", "show", "--json").json()["now"] as? String ?? ""
    }

    @Test func whoseDoingIsLookedForIsFoundAsTheHelpHasIt() async throws {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        _ = try await shell.run("/usr/bin/env", ["FORTNIGHT_ACTOR=jo", "{}", "signup", "ada@example.com"])
        try await shell.fortnight("clock", "advance", "14d")
        try await shell.fortnight("jobs", "run", "trial-expiry")
        for actor in ["operator:jo", "jo", "job:trial-expiry"] {
            let found = try await shell.fortnight("events", "list", "--actor", actor, "--json")
            #expect(found.status == 0 && !found.output.isEmpty, "\(actor): \(found)")
        }
        #expect(try await shell.fortnight("events", "list", "--actor", "clock").status == 0)
    }

    @Test func aForecastRemindsWhenTheJobWould() async throws {
        var shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        try await shell.fortnight("signup", "ada@example.com")
        func forecast(_ shell: Shell) async throws -> Shell.Outcome {
            try await shell.fortnight("account", "forecast", "ada@example.com", "--until", "2099-01-01T00:00:00Z")
        }
        #expect(try await forecast(shell).output.contains("trial.ending"))
        shell.set("FORTNIGHT_TRIAL_REMINDER_DAYS", "0")
        #expect(try await !forecast(shell).output.contains("trial.ending"))
        shell.set("FORTNIGHT_TRIAL_REMINDER_DAYS", "x")
        #expect(try await forecast(shell).status == 64)
    }

    @Test func eventsAreALineEachWithTheirDataAsAnObject() async throws {
        let shell = try await prepared()
        let events = try await shell.fortnight("events", "list", "--json").jsonLines()
        #expect(events.map { $0["kind"] as? String } == ["account.created", "trial.started"])
        let data = try #require(events.last?["data"] as? [String: Any])
        #expect(data["transition"] as? String == "start_trial")
        #expect((data["subscription"] as? [String: Any])?["settled_periods"] as? Int == 0)
        let keys = ["account", "sequence", "subscription", "actor", "reason", "effective_at", "recorded_at"]
        for key in keys { #expect(events.allSatisfy { $0.keys.contains(key) }, "\(key)") }
    }

    @Test func aPageEndsWithTheCursorOfTheNext() async throws {
        let shell = try await prepared()
        let first = try await shell.fortnight("events", "list", "--limit", "1", "--json").jsonLines()
        let cursor = try #require(first.last?["next"] as? String)
        let second = try await shell.fortnight("events", "list", "--after", cursor, "--json").jsonLines()
        #expect(second.map { $0["kind"] as? String } == ["trial.started"])
        let people = try await shell.fortnight("events", "list", "--limit", "1")
        #expect(people.output.split(separator: "\n").count == 1)
        #expect(people.errors.contains("--after \(cursor)"))
    }

    @Test func verifyingFindsAChangeAndSaysSoWithItsStatus() async throws {
        let shell = try await prepared()
        let sound = try await shell.fortnight("events", "verify")
        #expect(sound.status == 0)
        #expect(sound.output == "2 events of 1 accounts are as they were recorded.\n")
        try await shell.tamper("UPDATE events SET actor = 'operator:eve' WHERE sequence = 2")
        let broken = try await shell.fortnight("events", "verify", "--json")
        #expect(broken.status == 1)
        let lines = try broken.jsonLines()
        #expect(lines.first?["fault"] as? String == "event 2 was changed or inserted")
        #expect(lines.last?["faults"] as? Int == 1)
        #expect(try await shell.fortnight("events", "verify", "--account", "ada@example.com").status == 1)
        #expect(try await shell.fortnight("doctor").status == 1)
    }

    @Test(arguments: ["INT", "TERM"]) func followingShowsWhatComesAndEndsCleanlyWhenAskedTo(signal: String) async throws
    {
        let shell = try await prepared()
        let script = """
            "$0" events tail --follow --limit 1 > seen & follower=$!
            for try in $(seq 200); do grep -q trial.started seen && break; sleep 0.05; done
            "$0" account suspend ada@example.com --reason "Shared" > /dev/null
            for try in $(seq 200); do grep -q account.suspended seen && break; sleep 0.05; done
            kill -\(signal) $follower; wait $follower; echo "status $?"; cat seen
            """
        let outcome = try await shell.run("/bin/bash", ["-m", "-c", script, "{}"])
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.first == "status 0")
        #expect(lines.count == 3)
        #expect(lines.last?.contains("account.suspended") == true)
    }

    @Test func aForkIsASandboxThatLivesOnByItself() async throws {
        let shell = try await prepared()
        let from = shell.address
        let fork = try await shell.fortnight(
            "sandbox", "fork", from, "fork.db", "--account", "ada@example.com", "--json")
        #expect(fork.status == 0)
        let rows = try #require(try fork.json()["rows"] as? [String: Int])
        #expect(rows["accounts"] == 1)
        #expect(rows["events"] == 2)
        #expect(try await shell.fortnight("clock", "advance", "14d", "--database", "fork.db").status == 0)
        #expect(try await shell.fortnight("jobs", "run", "trial-expiry", "--database", "fork.db").status == 0)
        #expect(try await shell.fortnight("events", "list", "--json").jsonLines().count == 2)
        let again = try await shell.fortnight("sandbox", "fork", from, "fork.db")
        #expect(again.status == 65)
        #expect(again.errors.contains("fork.db"))
        #expect(try await shell.fortnight("sandbox", "fork", "nothing.db", "other.db").status == 69)
        #expect(try await shell.fortnight("sandbox", "fork", from, "nowhere/other.db").status == 69)
        #expect(try await shell.fortnight("sandbox", "fork", from, "x.db", "--database", from).status == 64)
        #expect(!FileManager.default.fileExists(atPath: shell.directory.path + "/other.db"))
    }

    @Test(
        .enabled(if: TestEngine.isSQLite), .disabled(if: Shell.isSanitized, "A sanitizer needs more than this allows."))
    func aDiskThatFillsHalfwayLeavesNothingBehind() async throws {
        let shell = try await prepared()
        try await shell.fillWithTrials(500)
        let script = "trap '' XFSZ; ulimit -f 300; exec \"$0\" sandbox fork test.db fork.db"
        let outcome = try await shell.run("/bin/bash", ["-c", script, "{}"])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("fork.db"))
        let files = try FileManager.default.contentsOfDirectory(atPath: shell.directory.path)
        #expect(files.filter { $0.hasPrefix("fork") }.isEmpty)
    }

    @Test func theLifeOfAnAccountIsToldAndAskedFor() async throws {
        let shell = try await prepared()
        let begun = try await fixedTime(shell)
        try await shell.fortnight("clock", "advance", "3d")
        try await shell.fortnight("grant", "add", "ada@example.com", "crossword", "--source", "gift", "--reason", "Won")
        let timeline = try await shell.fortnight("account", "timeline", "ada@example.com", "--json").jsonLines()
        #expect(
            timeline.map { "\($0["type"] ?? "") \($0["what"] ?? "")" } == [
                "event account.created", "event trial.started", "grant given", "message written", "event grant.added",
                "grant given",
            ])
        let people = try await shell.fortnight("account", "timeline", "ada@example.com").output
        #expect(people.contains("crossword by gift"))
        #expect(people.contains("(Won)"))

        let state = try await shell.fortnight("account", "at", "ada@example.com", begun, "--json").json()
        #expect((state["subscription"] as? [String: Any])?["status"] as? String == "trialing")
        #expect((state["grants"] as? [Any])?.count == 1)
        let known = try await shell.fortnight("account", "at", "ada@example.com", "2099-01-01T00:00:00Z")
        #expect(known.output.contains("expired"))
        let before = try await shell.fortnight("account", "at", "ada@example.com", "2001-01-01T00:00:00Z")
        #expect(before.output.hasPrefix("There was no account"))
        #expect(before.output.contains(begun))

        let forecast = try await shell.fortnight(
            "account", "forecast", "ada@example.com", "--until", "2098-01-01T00:00:00Z", "--json"
        ).json()
        let entries = try #require(forecast["entries"] as? [[String: Any]])
        #expect(entries.last?["message"] as? String == "trial_ended")
        #expect(forecast["status"] as? String == "expired")
        #expect(try await shell.fortnight("events", "list", "--json").jsonLines().count == 3)
        let left = try FileManager.default.contentsOfDirectory(atPath: shell.directory.path)
        #expect(left.allSatisfy { !$0.contains("forecast") })
    }

    @Test(arguments: [
        (["events", "list", "--kind", "trial"], 64, "‘trial’"), (["events", "list", "--since", "now"], 64, "‘now’"),
        (["events", "list", "--after", "x"], 64, "‘x’"), (["events", "list", "--limit", "0"], 64, "‘0’"),
        (["events", "list", "--actor", "jo@example.com"], 64, "jo@example.com"),
        (["events", "list", "--account", "eve@example.com"], 66, "eve@example.com"),
        (
            ["events", "list", "--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"], 64,
            "2026-02-01"
        ),
        (["events", "tail", "--limit", "1001"], 64, "‘1001’"),
        (["events", "verify", "--account", "eve@example.com"], 66, "eve@example.com"),
        (["account", "timeline", "eve@example.com"], 66, "eve@example.com"),
        (["account", "at", "eve@example.com", "2026-01-01T00:00:00Z"], 66, "eve@example.com"),
        (["account", "at", "ada@example.com", "yesterday"], 64, "‘yesterday’"),
        (
            ["account", "at", "ada@example.com", "2026-01-01T00:00:00Z", "--known-at", "2098-01-01T00:00:00Z"], 64,
            "2098-01-01"
        ),
        (["account", "forecast", "ada@example.com", "--until", "2001-01-01T00:00:00Z"], 64, "2001-01-01"),
        (["account", "forecast", "eve@example.com", "--until", "2098-01-01T00:00:00Z"], 66, "eve@example.com"),
        (["account", "forecast", "ada@example.com"], 64, "--until"), (["sandbox", "fork", "a.db"], 64, "to"),
    ])
    func badInputIsRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        let before = try await shell.rowCounts()
        let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named))
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts() == before)
    }
}
