import Foundation
import Testing
import TestSupport

/// Opening articles on the command line.
struct OpenCommandTests {
    private let bridge = "press/the-bridge"
    private let visitor = "5f0c8e0c-6a51-4b8e"

    /// A title of two articles: Ada may read it, Eve may not.
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        let feed: [String: Any] = [
            "version": "https://jsonfeed.org/version/1.1", "title": "Press", "home_page_url": "https://press.example/",
            "items": [
                [
                    "id": "1", "title": "The <Bridge> & the ferry", "date_published": "2026-01-01T00:00:00Z",
                    "content_html": "<p>The bridge is shut.</p>\n<pre>a\tb</pre><p>It opens in May.</p>",
                ],
                [
                    "id": "2", "title": "The Ferry", "date_published": "2026-01-01T00:00:00Z",
                    "content_html": "<p>The ferry sails.</p>",
                ],
            ],
        ]
        _ = try shell.directory.write("press.json", [UInt8](JSONSerialization.data(withJSONObject: feed)))
        try await shell.fortnight("article", "import", "press.json", "--title", "press")
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("signup", "eve@example.com", "--no-trial")
        return shell
    }

    /// The names that the import gave.
    private func articles(_ shell: Shell) async throws -> [String] {
        try await shell.fortnight("article", "list", "--json").jsonLines().compactMap { $0["key"] as? String }.sorted()
    }

    @Test func whoIsLetInGetsTheWholeArticleAndTheReadIsRecorded() async throws {
        let shell = try await prepared()
        let article = try #require(try await articles(shell).first)
        let outcome = try await shell.fortnight("open", "ada@example.com", article)
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("<h1>The &lt;Bridge&gt; &amp; the ferry</h1>\n"))
        #expect(outcome.output.contains("It opens in May."))
        #expect(outcome.output.contains("a&#x9;b"))
        #expect(outcome.errors.contains("Allowed (entitled)"))
        #expect(outcome.errors.contains("Recorded as read_"))
        #expect(try await shell.rowCounts()["reads"] == 1)
    }

    @Test(arguments: ["\u{600}", "\u{6DD}", "\u{110BD}", "\u{301}", ""])
    func nothingOfAHeadlineIsMarkup(before: String) async throws {
        let shell = try await prepared()
        let feed: [String: Any] = [
            "version": "https://jsonfeed.org/version/1.1", "title": "Odd",
            "items": [
                [
                    "id": "1", "title": "News \(before)<img src=x onerror=a\(before)&b x=\(before)>",
                    "content_text": "One. Two.",
                ]
            ],
        ]
        _ = try shell.directory.write("odd.json", [UInt8](JSONSerialization.data(withJSONObject: feed)))
        try await shell.fortnight("article", "import", "odd.json", "--access", "free", "--title", "odd")
        let list = try await shell.fortnight("article", "list", "--title", "odd", "--json").jsonLines()
        let id = try #require(list.first?["id"] as? String)
        let outcome = try await shell.fortnight("open", "--visitor", visitor, id)
        let headline = try #require(outcome.output.split(separator: "\n").first)
        #expect(headline.hasPrefix("<h1>News") && headline.hasSuffix("</h1>"))
        let inner = headline.dropFirst(4).dropLast(5).unicodeScalars
        #expect(!inner.contains("<") && !inner.contains(">"), "\(outcome.output)")
        #expect(inner.filter { $0 == "&" }.count == 3, "\(outcome.output)")
    }

    @Test func whoIsNotGetsTheAnswerAndTheTeaser() async throws {
        let shell = try await prepared()
        let article = try #require(try await articles(shell).first)
        for arguments in [["eve@example.com", article], ["--visitor", visitor, article]] {
            let outcome = try await shell.run("/usr/bin/env", ["{}", "open"] + arguments)
            #expect(outcome.status == 1)
            #expect(outcome.output.hasPrefix("Denied ("))
            #expect(outcome.output.contains("The <Bridge> & the ferry"))
            #expect(!outcome.output.contains("It opens in May."))
            #expect(outcome.errors.isEmpty)
        }
        let counts = try await shell.rowCounts()
        #expect(counts["reads"] == 0 && counts["visitor_reads"] == 0)
    }

    @Test func theAnswerIsOneDocumentWithEveryKey() async throws {
        let shell = try await prepared()
        let article = try #require(try await articles(shell).first)
        let keys: Set = [
            "allowed", "reason", "published_at", "source", "grant", "until", "since", "trial_days", "meter", "missing",
            "plans",
            "actions", "wait_until", "next_change_at", "at", "reader", "article", "read", "retry", "content", "teaser",
        ]
        let open = try await shell.fortnight(
            "open", "ada@example.com", article, "--client-key", "k-1", "--seconds", "7", "--json")
        #expect(open.status == 0 && open.errors.isEmpty)
        let document = try open.json()
        #expect(Set(document.keys) == keys)
        let read = document["read"] as? [String: Any]
        #expect(
            Set(read?.keys.map { $0 } ?? [])
                == ["id", "opened_at", "admitted_by", "source", "meter", "client_key", "seconds"])
        #expect(read?["admitted_by"] as? String == "entitled" && read?["source"] as? String == "trial")
        #expect(read?["client_key"] as? String == "k-1" && read?["seconds"] as? Int == 7)
        #expect(document["retry"] as? Bool == false && document["teaser"] is NSNull)
        #expect(((document["content"] as? [String: Any])?["body"] as? String)?.contains("in May") == true)
        let retry = try await shell.fortnight(
            "open", "ada@example.com", article, "--client-key", "k-1", "--seconds", "9", "--json")
        #expect(try retry.json()["retry"] as? Bool == true)
        #expect((try retry.json()["read"] as? [String: Any])?["id"] as? String == read?["id"] as? String)
        let denied = try await shell.fortnight("open", "eve@example.com", article, "--json")
        #expect(denied.status == 1 && denied.errors.isEmpty)
        #expect(Set(try denied.json().keys) == keys)
        #expect(try denied.json()["read"] is NSNull && denied.json()["content"] is NSNull)
        let teaser = try denied.json()["teaser"] as? [String: Any]
        #expect(
            Set(teaser?.keys.map { $0 } ?? [])
                == ["headline", "summary", "key_points", "image", "opening", "opening_text"])
        #expect(!denied.output.contains("in May"))
    }

    @Test func ofWhatIsNotOutNothingIsShownButTheAnswer() async throws {
        let shell = try await prepared()
        let article = try #require(try await articles(shell).first)
        try await shell.tamper("UPDATE articles SET published_at = 4000000000000")
        let outcome = try await shell.fortnight("open", "ada@example.com", article)
        #expect(outcome.status == 1)
        #expect(outcome.output.split(separator: "\n").count == 1)
        #expect(outcome.output.contains("Denied (not_published)") && !outcome.output.contains("Bridge"))
        let document = try await shell.fortnight("open", "ada@example.com", article, "--json").json()
        #expect(document["teaser"] is NSNull && document["content"] is NSNull)
    }

    @Test func aKeyForAnotherArticleIsBadData() async throws {
        let shell = try await prepared()
        let articles = try await articles(shell)
        try await shell.fortnight("open", "ada@example.com", articles[0], "--client-key", "k-1")
        let outcome = try await shell.fortnight("open", "ada@example.com", articles[1], "--client-key", "k-1")
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains("‘k-1’"))
        #expect(outcome.output.isEmpty)
    }

    @Test(
        arguments: [
            (["ada@example.com", "press/none"], 66, "press/none"),
            (["no@example.com", "press/x"], 66, "no@example.com"),
            (["ada@example.com", "press/x", "--seconds", "-1"], 64, "‘-1’"),
            (["ada@example.com", "press/x", "--seconds", "31536000"], 64, "‘31536000’"),
            (["ada@example.com", "press/x", "--client-key", "a b"], 64, "‘a b’"),
            (["--visitor", "short", "press/x"], 64, "‘short’"), (["anonymous", "press/x"], 64, "‘anonymous’"),
            (["ada@example.com"], 64, "article"),
            (["--visitor", "5f0c8e0c-6a51-4b8e", "ada@example.com", "press/x"], 64, "one"),
            (["ada@example.com", "press/x", "--time-zone", "UTC"], 64, "--visitor"),
            (["--visitor", "5f0c8e0c-6a51-4b8e", "press/x", "--time-zone", "Mars/Crater"], 64, "‘Mars/Crater’"),
        ] as [([String], Int32, String)])
    func badInputIsRefusedByName(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        let before = try await shell.rowCounts()
        let outcome = try await shell.run("/usr/bin/env", ["{}", "open"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named))
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts() == before)
    }

    @Test(.enabled(if: TestEngine.isSQLite && getuid() == 0)) func aReadOnlyDatabaseLetsNobodyIn() async throws {
        let shell = try await prepared()
        let article = try #require(try await articles(shell).first)
        // The superuser may write to anything, so the binary is run as nobody.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: shell.directory.path)
        let outcome = try await shell.run(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "{}", "open", "ada@example.com", article])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("cannot be"))
        #expect(outcome.output.isEmpty)
        #expect(try await shell.rowCounts()["reads"] == 0)
    }

    @Test func aVisitorWhoSignsUpIsKnownToHaveBeenOne() async throws {
        let shell = try await prepared()
        let signUp = try await shell.fortnight("signup", "new@example.com", "--visitor", visitor)
        #expect(signUp.status == 0)
        #expect(try await shell.rowCounts()["account_visitors"] == 1)
        #expect(try await shell.fortnight("signup", "newer@example.com", "--visitor", "short").status == 64)
        let export = try await shell.fortnight("account", "export", "new@example.com").json()
        #expect((export["visitors"] as? [[String: Any]])?.first?["visitor"] as? String == visitor)
        #expect((export["reads"] as? [Any])?.isEmpty == true)
    }
}
