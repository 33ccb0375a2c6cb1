import Foundation
import Testing
import TestSupport

/// One person and her data, on the command line.
struct IdentityCommandTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        try await shell.fortnight("init", "--sandbox")
        try await shell.fortnight("signup", "ada@example.com", "--name", "Ada", "--device", "phone-1")
        return shell
    }

    @Test func eligibilitySaysYesOrNoWithEveryReason() async throws {
        let shell = try await prepared()
        let yes = try await shell.fortnight("trial", "eligibility", "eve@example.com")
        #expect(yes.status == 0)
        #expect(yes.output.contains("Yes"))
        let no = try await shell.fortnight("trial", "eligibility", "ada+2@example.com", "--device", "phone-1", "--json")
        #expect(no.status == 1)
        let document = try no.json()
        #expect(document["eligible"] as? Bool == false)
        let codes = (document["reasons"] as? [[String: Any]])?.compactMap { $0["code"] as? String }
        #expect(codes == ["already_subscribed", "trial_taken", "device_taken"])
        let text = try await shell.fortnight("trial", "eligibility", "eve@example.com", "--device", "phone-1")
        #expect(text.status == 1)
        #expect(text.output.contains("device"))
    }

    @Test func aSignUpWithoutTrialSaysWhy() async throws {
        let shell = try await prepared()
        let device = try await shell.fortnight("signup", "eve@example.com", "--device", "phone-1")
        #expect(device.status == 0)
        #expect(device.output.contains("device"))
        try await shell.fortnight("trial", "domains", "add", "Throwaway.example")
        let domain = try await shell.fortnight("signup", "eve@a.throwaway.example", "--json")
        #expect(domain.status == 0)
        #expect(try domain.json()["trial"] as? String == "disposable")
        let start = try await shell.fortnight("trial", "start", "eve@a.throwaway.example")
        #expect(start.status == 65)
        #expect(start.errors.contains("throwaway.example"))
    }

    @Test func aListOfDomainsIsKept() async throws {
        let shell = try await prepared()
        let file = try shell.directory.write("list.txt", "# mine\nb.example\na.example\n")
        #expect(try await shell.fortnight("trial", "domains", "import", file).output.contains("added: 2"))
        let piped = try await shell.fortnight("trial", "domains", "import", "-", "--json", input: "c.example\n")
        #expect(try piped.json()["added"] as? Int == 1)
        let bad = try await shell.fortnight("trial", "domains", "import", "-", input: "d.example\nd example\n")
        #expect(bad.status == 64)
        #expect(bad.errors.contains("line 2"))
        #expect(try await shell.fortnight("trial", "domains", "remove", "c.example", "x.example").status == 0)
        let list = try await shell.fortnight("trial", "domains", "list", "--json").jsonLines()
        #expect(list.compactMap { $0["domain"] as? String } == ["a.example", "b.example"])
    }

    @Test func anExportIsOneDocumentInAFileOfHerOwn() async throws {
        let shell = try await prepared()
        let file = shell.directory.path + "/ada.json"
        #expect(try await shell.fortnight("account", "export", "ada@example.com", "--out", file).status == 0)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let data = try #require(FileManager.default.contents(atPath: file))
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            document.keys.sorted() == [
                "account", "addresses", "at", "events", "failures", "grants", "merged", "messages", "payments",
                "reads", "subscriptions", "suspensions", "visitors",
            ])
        #expect((document["account"] as? [String: Any])?["email"] as? String == "ada@example.com")
        let subscription = (document["subscriptions"] as? [[String: Any]])?.first
        #expect(subscription?["status"] as? String == "trialing")
        let events = document["events"] as? [[String: Any]]
        #expect((events?.last?["data"] as? [String: Any])?["subscription"] != nil)
        let again = try await shell.fortnight("account", "export", "ada@example.com", "--out", file)
        #expect(again.status == 64)
        #expect(again.errors.contains(file))
        #expect(FileManager.default.contents(atPath: file) == data)
        let printed = try await shell.fortnight("account", "export", "ada@example.com")
        #expect(try printed.json()["account"] != nil)
        let nowhere = try await shell.fortnight("account", "export", "ada@example.com", "--out", file + "/x")
        #expect(nowhere.status == 66)
    }

    @Test func anAddressIsChangedAndTwoAccountsBecomeOne() async throws {
        let shell = try await prepared()
        let changed = try await shell.fortnight(
            "account", "change-email", "ada@example.com", "ada@example.org", "--json")
        let id = try #require(try changed.json()["id"] as? String)
        #expect(try changed.json()["email"] as? String == "ada@example.org")
        #expect(try await shell.fortnight("account", "show", "ada@example.com").status == 66)
        try await shell.fortnight("signup", "home@example.com", "--no-trial")
        let merged = try await shell.fortnight(
            "account", "merge", "ada@example.org", "home@example.com", "--reason", "Twice")
        #expect(merged.status == 0)
        #expect(merged.output.contains("has become part of"))
        #expect(merged.output.contains("trialing"))
        let gone = try await shell.fortnight("account", "show", id)
        #expect(gone.output.contains("(part of acct_"))
        let refused = try await shell.fortnight("account", "suspend", id, "--reason", "x")
        #expect(refused.status == 65)
        #expect(refused.errors.contains("has become part of"))
        #expect(try await shell.fortnight("account", "list", "--status", "merged", "--json").jsonLines().count == 1)
        let itself = try await shell.fortnight(
            "account", "merge", "ada@example.org", "home@example.com", "--reason", "Twice")
        #expect(itself.status == 64)
    }

    @Test func nobodyIsErasedWithoutAnAnswer() async throws {
        let shell = try await prepared()
        let asked = try await shell.fortnight(
            "account", "erase", "ada@example.com", "--reason", "Asked")
        #expect(asked.status == 64)
        #expect(asked.errors.contains("--yes"))
        // A terminal, and another answer than yes.
        let script = "script -qec \"$0 account erase ada@example.com --reason Asked\" /dev/null"
        let no = try await shell.run("/bin/bash", ["-c", script, "{}"], input: "no\n")
        #expect(no.status == 1)
        #expect(no.output.contains("cannot be undone"))
        #expect(try await shell.fortnight("account", "show", "ada@example.com").status == 0)
        let yes = try await shell.run("/bin/bash", ["-c", script, "{}"], input: "yes\n")
        #expect(yes.status == 0)
        #expect(try await shell.fortnight("account", "show", "ada@example.com").status == 66)
    }

    @Test func anErasedAccountLooksLikeOne() async throws {
        let shell = try await prepared()
        let id = try #require(
            try await shell.fortnight("account", "show", "ada@example.com", "--json").json()["id"] as? String)
        let erased = try await shell.fortnight("account", "erase", id, "--reason", "Asked", "--yes", "--json")
        #expect(erased.status == 0)
        #expect(try erased.json()["log_cleared"] as? Bool == (TestEngine.isSQLite ? true : nil))
        let shown = try await shell.fortnight("account", "show", id)
        #expect(shown.output.contains("(erased)"))
        let document = try await shell.fortnight("account", "show", id, "--json").json()
        #expect(document["email"] is NSNull)
        #expect(document["status"] as? String == "erased")
        #expect(try await shell.fortnight("account", "list", "--status", "erased", "--json").jsonLines().count == 1)
        let again = try await shell.fortnight("account", "erase", id, "--reason", "Asked", "--yes")
        #expect(again.status == 65)
        #expect(again.errors.contains("was erased at"))
        #expect(try await shell.fortnight("doctor").status == 0)
    }
}
