import Foundation
import SampleFeeds
import Testing
import TestSupport

/// Bad input: a clear message with the value, the right exit status, and nothing written.
struct BadInputTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        return shell
    }

    @Test(arguments: [
        (["signup", "ada"], 65, "‘ada’"), (["title", "add", "a/b", "--name", "X"], 65, "‘a/b’"),
        (["title", "add", "a", "--name", "X", "--access", "gold"], 64, "‘gold’"),
        (["check", "ada@example.com", "golem/x"], 66, "ada@example.com"),
        (["check", "--anonymous", "golem/x"], 66, "golem/x"), (["check", "ada", "golem/x"], 65, "‘ada’"),
        (["check", "--anonymous", "golem"], 65, "‘golem’"), (["check", "golem/x"], 64, "reader"),
        (["check", "--anonymous", "golem/x", "--at", "2026-05-03T10:00:00"], 64, "zone"),
        (["article", "list", "--limit", "-3"], 64, "‘-3’"), (["article", "list", "--limit", "0"], 64, "‘0’"),
        (["article", "list", "--title", "golem"], 66, "golem"), (["account", "list", "--limit", "1001"], 64, "‘1001’"),
        (["account", "list", "--after", "x"], 64, "‘x’"), (["account", "list", "--status", "gone"], 64, "‘gone’"),
        (["jobs", "run", "renew"], 66, "‘renew’"), (["jobs", "run", "trial-expiry", "--limit", "-1"], 64, "‘-1’"),
        (["clock", "advance", "fortnight"], 64, "‘fortnight’"), (["clock", "set", "tomorrow"], 64, "‘tomorrow’"),
        (["clock", "set", "2001-01-01T00:00:00Z"], 65, "2001-01-01"),
        (["init", "--price", "9.999", "--currency", "USD"], 64, "‘9.999’"),
        (["init", "--price", "9.99"], 64, "--currency"), (["init", "--price", "9", "--currency", "XQZ"], 64, "‘XQZ’"),
        (["init", "--trial-days", "-1"], 64, "‘-1’"), (["article", "edit", "golem/x"], 64, "--summary"),
        (["account", "suspend", "ada@example.com", "--reason", " "], 64, "reason"), (["frobnicate"], 64, "frobnicate"),
    ])
    func isRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        let before = try await shell.rowCounts()
        let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named))
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts() == before)
    }

    @Test(arguments: [
        ("FORTNIGHT_LOCK_WAIT=5", "FORTNIGHT_LOCK_WAIT: ‘5’"), ("FORTNIGHT_ACTOR=clock", "FORTNIGHT_ACTOR: ‘clock’"),
        ("FORTNIGHT_ACTOR=unnamed", "‘unnamed’"), ("FORTNIGHT_ACTOR=job:renewal", "FORTNIGHT_ACTOR: ‘job:renewal’"),
        ("FORTNIGHT_ACTOR=\(String(repeating: "j", count: 60))", "FORTNIGHT_ACTOR: ‘operator:jjj"),
        ("FORTNIGHT_CONNECTIONS=x", "FORTNIGHT_CONNECTIONS is ‘x’"),
    ])
    func aVariableThatCannotBeReadIsNamed(variable: String, named: String) async throws {
        let shell = try await prepared()
        let outcome = try await shell.run("/usr/bin/env", [variable, "{}", "signup", "ada@example.com"])
        #expect(outcome.status == 64 && outcome.errors.contains(named), "\(outcome)")
        #expect(try await shell.fortnight("account", "list", "--json").output.isEmpty)
    }

    @Test(arguments: [("nothing.txt", "No such file or directory"), (".", "Is a directory")])
    func whyAFileCannotBeReadIsSaidInTheWordsOfTheSystem(path: String, reason: String) async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight("trial", "domains", "import", path)
        #expect(outcome.status == 66 && outcome.errors.contains("‘\(path)’ cannot be read: \(reason).\n"), "\(outcome)")
    }

    @Test func aRightThatOpensNothingYetIsToldSo() async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("title", "add", "golem", "--name", "Golem")
        func opensNothing(_ entitlement: String) async throws -> Bool {
            let outcome = try await shell.fortnight(
                "grant", "add", "ada@example.com", entitlement, "--source", "gift", "--reason", "Won")
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.errors.contains("opens nothing until")
        }
        #expect(try await !opensNothing("all-titles"))
        #expect(try await !opensNothing("title:golem"))
        #expect(try await opensNothing("crossword"))
        // That somebody has it changes nothing; that a rule asks for it does.
        #expect(try await opensNothing("crossword"))
        try await shell.fortnight("rule", "set", "title:golem", "premium", "--requires", "crossword")
        #expect(try await !opensNothing("crossword"))
        #expect(try await opensNothing("title:golem"))
        try await shell.fortnight("rule", "set", "title:golem", "--requires", "usual")
        #expect(try await !opensNothing("title:golem"))
        try await shell.fortnight("rule", "unset", "title:golem")
        // One that comes later, or is for a part, leaves the rest as it is.
        try await shell.fortnight(
            "rule", "set", "title:golem", "premium", "--requires", "all-titles", "--from", "2098-01-01T00:00:00Z")
        #expect(try await !opensNothing("title:golem"))
        try await shell.fortnight("rule", "set", "default", "premium", "--requires", "all-titles")
        #expect(try await opensNothing("title:golem"))
    }

    @Test(arguments: [("", []), ("\n \n", []), ("", ["--anonymous"]), (" ", ["--article", "golem/x"])])
    func whoAsksNothingIsNotLetIn(input: String, options: [String]) async throws {
        let shell = try await prepared()
        let outcome = try await shell.run("/usr/bin/env", ["{}", "check", "--stdin"] + options, input: input)
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errors.contains("no question"), "\(outcome)")
    }

    @Test func aListThatIsCutShortSaysSoBesideJSONToo() async throws {
        let shell = try await prepared()
        let feed = try #require(SampleFeed.all.first)
        _ = try shell.directory.write(feed.name, feed.bytes)
        try await shell.fortnight("article", "import", feed.name)
        for arguments in [["article", "list", "--limit", "2"], ["article", "list", "--limit", "2", "--json"]] {
            #expect(try await shell.run("/usr/bin/env", ["{}"] + arguments).errors.contains("There may be more"))
        }
        #expect(try await shell.fortnight("article", "list", "--json").errors.isEmpty)
    }

    @Test func usageErrorsAreJSONWhenJSONIsAsked() async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight("title", "list", "--frobnicate", "--json")
        #expect(outcome.status == 64)
        let document = try JSONSerialization.jsonObject(with: Data(outcome.errors.utf8)) as? [String: [String: Any]]
        #expect((document?["error"]?["message"] as? String)?.contains("--frobnicate") == true)
    }

    @Test func aFeedOfWhichNoEntryCanBeTakenIsBadData() async throws {
        let shell = try await prepared()
        _ = try shell.directory.write(
            "bad.xml", "<rss version=\"2.0\"><channel><title>Bad</title><item/></channel></rss>")
        #expect(try await shell.fortnight("article", "import", "bad.xml").status == 65)
    }

    @Test(arguments: [
        ("page.xml", "<!DOCTYPE html><html><body>Hello</body></html>", "HTML"), ("empty.xml", "", "empty"),
        ("cut.xml", "<rss version=\"2.0\"><channel><title>X</title><item><title>A</title>", "line 1"),
        (
            "laughs.xml",
            "<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><rss><channel><title>&b;</title></channel></rss>",
            "entities"
        ),
        ("other.json", "{\"hello\": 1}", "JSON Feed"),
    ])
    func aFeedThatIsNoneIsRefusedWhole(name: String, text: String, named: String) async throws {
        let shell = try await prepared()
        _ = try shell.directory.write(name, text)
        let outcome = try await shell.fortnight("article", "import", name)
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains(named))
        #expect(outcome.errors.contains(name))
        #expect(try await shell.fortnight("title", "list", "--json").output.isEmpty)
    }

    @Test func aFeedThatCannotBeReadIsNotFound() async throws {
        let shell = try await prepared()
        #expect(try await shell.fortnight("article", "import", "nothing.xml").status == 66)
        let directory = try await shell.fortnight("article", "import", ".")
        #expect(directory.status == 66)
        #expect(directory.errors.contains("directory"))
    }

    @Test func oneRefusedFeedDoesNotKeepTheOthersOut() async throws {
        let shell = try await prepared()
        let good = try #require(SampleFeed.all.first)
        _ = try shell.directory.write(good.name, good.bytes)
        let outcome = try await shell.fortnight("article", "import", "nothing.xml", good.name, "--json")
        #expect(outcome.status == 66)
        #expect(try outcome.json()["added"] as? Int == 8)
        #expect((try outcome.json()["feeds"] as? [Any])?.count == 2)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aMissingDatabaseSaysHowToMakeOne() async throws {
        let shell = try await Shell()
        for command in ["doctor", "migrate"] {
            let outcome = try await shell.fortnight(command)
            #expect(outcome.status == 69)
            #expect(outcome.errors.contains("fortnight init"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: shell.directory.path).isEmpty)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aTextFileIsNoDatabase() async throws {
        let shell = try await Shell()
        _ = try shell.directory.write("test.db", String(repeating: "Dear diary, ", count: 99))
        for arguments in [["init"], ["title", "list"], ["migrate"]] {
            let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
            #expect(outcome.status == 69)
            #expect(outcome.errors.contains("not an SQLite database"))
        }
        // A check-up says so too, as its finding.
        let checkUp = try await shell.fortnight("doctor")
        #expect(checkUp.status == 1)
        #expect(checkUp.output.contains("not an SQLite database"))
    }

    @Test(.enabled(if: TestEngine.isSQLite && getuid() == 0)) func aReadOnlyDatabaseIsNotWritten() async throws {
        let shell = try await prepared()
        // The superuser may write to anything, so the binary is run as nobody.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: shell.directory.path)
        let outcome = try await shell.run(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "{}", "signup", "ada@example.com", "--no-trial"])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("cannot be"))
        #expect(try await shell.fortnight("account", "list", "--json").output.isEmpty)
    }

    @Test(
        .enabled(if: TestEngine.isSQLite), .disabled(if: Shell.isSanitized, "A sanitizer needs more than this allows."))
    func aDiskThatTakesNoMoreIsReportedAndNothingIsHalfWritten() async throws {
        let shell = try await prepared()
        let feed = try #require(SampleFeed.all.first)
        _ = try shell.directory.write(feed.name, feed.bytes)
        // A limit on the size of files stands for a disk that is full; the signal it sends is ignored as a full disk
        // sends none.
        let script = "trap '' XFSZ; ulimit -f 40; exec \"$0\" article import \(feed.name)"
        let outcome = try await shell.run("/bin/bash", ["-c", script, "{}"])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("disk"))
        #expect(try await shell.fortnight("doctor").status == 0)
        #expect(try await shell.fortnight("article", "import", feed.name).status == 0)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aLockHeldForTooLongSaysTryAgain() async throws {
        var shell = try await prepared()
        shell.set("FORTNIGHT_LOCK_WAIT", "1s")
        let holder = "exec 3<>test.db; printf 'BEGIN IMMEDIATE;\\n.shell $0 signup ada@example.com; echo status $?\\n'"
        let outcome = try await shell.run(
            "/bin/bash", ["-c", holder + " | sed \"s|\\$0|$0|\" | sqlite3 test.db", "{}"])
        #expect(outcome.output.contains("status 75"))
        #expect(outcome.errors.contains("locked"))
    }

    /// A command may be over before it has emptied the log, and closing does not do it while somebody has the file
    /// open.
    @Test(.enabled(if: TestEngine.isSQLite)) func commandsLeaveNoLogThatGrowsThoughNoneStays() async throws {
        let shell = try await prepared()
        let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        let signUps = (1...5).map { ".shell $0 signup r\($0)@example.com --no-trial --json" }
        let script =
            ["PRAGMA wal_autocheckpoint = 0;", "CREATE TABLE filling (t TEXT);"]
            + ["\(many) INSERT INTO filling SELECT hex(zeroblob(1900)) FROM n;", ".shell stat -c %s test.db-wal"]
            + signUps + [".shell stat -c %s test.db-wal"]
        let lines = script.map { "echo '\($0)' | sed \"s|\\$0|$0|\"" }.joined(separator: "; ")
        let outcome = try await shell.run("/bin/bash", ["-c", "(\(lines)) | sqlite3 test.db", "{}"])
        let sizes = outcome.output.split(separator: "\n").compactMap { Int($0) }.filter { $0 > 0 }
        #expect(sizes.count == 2 && sizes[0] > 16_000 * 4096 && sizes[0] == sizes[1], "\(outcome)")
        #expect(try await shell.rowCounts()["accounts"] == 5)
    }

    @Test func textFromFeedsReachesTheTerminalWithoutControlCharacters() async throws {
        let shell = try await prepared()
        let evil = "Click \u{1B}[31mhere\u{7}\u{202E}"
        let feed: [String: Any] = [
            "version": "https://jsonfeed.org/version/1.1", "title": evil, "home_page_url": "https://a.example/",
            "items": [["id": evil, "title": evil, "content_text": evil + " now. And more text follows here."]],
        ]
        _ = try shell.directory.write("evil.json", [UInt8](JSONSerialization.data(withJSONObject: feed)))
        let imported = try await shell.fortnight("article", "import", "evil.json", "--title", "evil")
        let shown = [
            imported, try await shell.fortnight("article", "list"), try await shell.fortnight("title", "list"),
            try await shell.fortnight("article", "list", "--json"),
            try await shell.fortnight("signup", "ada\u{1B}@example.com"),
            try await shell.fortnight("check", "--anonymous", "evil/\u{1B}[2J"),
            try await shell.fortnight("article", "import", "no\u{1B}[2J.xml"),
        ]
        for outcome in shown {
            let scalars = (outcome.output + outcome.errors).unicodeScalars
            #expect(!scalars.contains { $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value)) })
            #expect(!scalars.contains("\u{202E}"))
        }
        #expect(try await shell.fortnight("article", "list", "--json").jsonLines().count == 1)
    }

    @Test func errorsAreJSONWhenJSONIsAsked() async throws {
        let shell = try await prepared()
        let outcome = try await shell.fortnight("check", "--anonymous", "golem/x", "--json")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.errors.utf8)) as? [String: [String: Any]]
        #expect(document?["error"]?["code"] as? String == "unknown_article")
    }
}
