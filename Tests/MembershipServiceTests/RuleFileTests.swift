import Foundation
import Membership
import Testing
import TestSupport

@testable import MembershipService

struct RuleFileTests {
    private static let good = """
        # Who may read *what* & when.
        rules:
          default: {access: premium, meter: {anonymous: 2, registered: 5}, teaser: 2 paragraphs}
          title:golem:
            access: metered
            free_for: 24h
            free_after: 30d
            requires: [all-titles, "title:golem"]
          section:golem/sport: {access: free}
          article:golem/the-bridge:
            - {access: free, until: 2026-12-01T00:00:00Z}
            - access: premium
              from: 2026-12-01T00:00:00Z
              embargo_until: 2026-12-24T18:00:00+01:00
          article:golem/the-ferry:
            withdrawn: true
          title:old: {}
        """

    private func read(_ text: String) throws -> RuleFile {
        try RuleFile(Data(text.utf8), name: "rules.yml")
    }

    /// The good file with something in the place of something else.
    private func read(_ old: String, _ new: String) throws -> RuleFile {
        try #require(RuleFileTests.good.contains(old), "\(old)")
        return try read(RuleFileTests.good.replacing(old, with: new, maxReplacements: 1))
    }

    @Test func everyTargetIsReadWithAllThatIsSaid() throws {
        let entries = try read(RuleFileTests.good).entries
        #expect(
            entries.map(\.target.name) == [
                "default", "title:golem", "section:golem/sport", "article:golem/the-bridge", "article:golem/the-ferry",
                "title:old",
            ])
        #expect(entries.map(\.line) == [3, 4, 9, 10, 15, 17])
        #expect(
            entries.flatMap(\.pieces).map(\.settings.description) == [
                "premium; meter 2 anonymous, 5 registered a month; teaser 2 paragraphs",
                "metered, free for 1d, free after 30d, requires all-titles or title:golem", "free", "free",
                "premium; embargo until 2026-12-24T17:00:00Z", "withdrawn",
            ])
        let turn = try Timestamp(rfc3339: "2026-12-01T00:00:00Z")
        #expect(entries[3].pieces.map(\.endsAt) == [turn, nil])
        #expect(entries[3].pieces.map(\.startsAt) == [nil, turn])
        #expect(entries[5].pieces.isEmpty)
        #expect(try read("rules: {}").entries.isEmpty)
    }

    @Test func theOrderOfAListDoesNotMatter() throws {
        let pieces = try read(
            """
            rules:
              default:
                - {access: premium, from: 2027-01-01T00:00:00Z}
                - {access: free, until: 2026-12-01T00:00:00Z}
            """
        ).entries[0].pieces
        #expect(pieces.map(\.settings.terms?.access) == [.free, .premium])
    }

    @Test(arguments: [
        ("access: metered", "acess: metered", 5, "‘acess’"), ("free_for: 24h", "free-for: 24h", 6, "‘free-for’"),
        ("access: metered", "access: gold", 5, "‘gold’"), ("{access: free}", "{access: [free]}", 9, "a list"),
        ("{access: free}", "free", 9, "‘free’"), ("{access: free}", "none", 9, "‘none’"),
        ("{access: free}", "", 9, "empty"), ("{access: free}", "[]", 9, "empty list"),
        ("{access: free}", "[free]", 9, "‘free’"),
        ("{access: free}", "{until: 2026-12-01T00:00:00Z}", 9, "says nothing"),
        ("{access: free}", "{withdrawn: false}", 9, "says nothing"),
        ("\"title:golem\"]", "\"Title:Golem\"]", 8, "‘Title:Golem’"),
        ("[all-titles, \"title:golem\"]", "all-titles", 8, "must be a list"),
        ("[all-titles, \"title:golem\"]", "[]", 8, "empty list"), ("\"title:golem\"]", "{}]", 8, "a mapping"),
        ("    access: metered\n", "", 4, "‘access’"), ("free_after: 30d", "free_after: 24h", 7, "no time between"),
        ("free_after: 30d", "free_after: 30", 7, "‘30’"), ("free_after: 30d", "free_after: -30d", 7, "‘-30d’"),
        ("free_for: 24h", "free_for: none", 6, "‘none’"),
        ("from: 2026-12-01T00:00:00Z", "from: 2026-11-01T00:00:00Z", 12, "line 11"),
        ("      from: 2026-12-01T00:00:00Z\n", "", 12, "line 11"),
        ("from: 2026-12-01T00:00:00Z", "from: 2026-12-01T00:00:00", 13, "zone"),
        ("from: 2026-12-01T00:00:00Z", "from: 2026-12-01", 13, "‘2026-12-01’"),
        ("until: 2026-12-01T00:00:00Z", "until: tomorrow", 11, "‘tomorrow’"),
        (
            "until: 2026-12-01T00:00:00Z", "from: 2026-12-01T00:00:00Z, until: 2026-12-01T00:00:00Z", 11, "ends at"
        ), ("+01:00", "", 14, "zone"), ("{anonymous: 2, registered: 5}", "{anonymous: -2, registered: 5}", 3, "‘-2’"),
        ("{anonymous: 2, registered: 5}", "{anonymous: 2}", 3, "‘registered’"),
        ("{anonymous: 2, registered: 5}", "{anonymous: 2, registred: 5}", 3, "‘registred’"),
        ("{anonymous: 2, registered: 5}", "{anonymous: 2, registered: 10001}", 3, "‘10001’"),
        ("{anonymous: 2, registered: 5}", "5", 3, "‘5’"), ("2 paragraphs", "2 pages", 3, "‘2 pages’"),
        ("2 paragraphs", "60%", 3, "‘60%’"), ("withdrawn: true", "withdrawn: yes", 16, "‘yes’"),
        ("withdrawn: true", "meter: {anonymous: 1, registered: 1}", 15, "a meter of its own"),
        ("withdrawn: true", "teaser: 20%", 15, "a teaser of its own"),
        ("  section:golem/sport:", "  title:golem:", 4, "‘title:golem’ stands there twice"),
        ("  section:golem/sport:", "  section:golem:", 9, "‘section:golem’"),
        ("  section:golem/sport:", "  golem:", 9, "‘golem’"), ("  default:", "  Default:", 3, "‘Default’"),
        ("  section:golem/sport:", "  section:golem/Sport:", 9, "‘section:golem/Sport’"),
        ("rules:", "version: 1\nrules:", 2, "‘version’"), ("rules:", "rule:", 2, "‘rules’"),
        ("access: free}", "access: free]", 9, "not YAML"), ("{access: free}", "*nothing", 9, "alias"),
        ("  title:old: {}", "---\n  title:old: {}", 17, "another document"),
    ])
    func whatIsWrongIsRefusedWithItsLine(old: String, new: String, line: Int, named: String) throws {
        let error = #expect(throws: MembershipError.self, "\(new)") { try read(old, new) }
        #expect(error?.code == .invalidRules)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("‘rules.yml’, line \(line): "), "\(message)")
        let said = message + (error?.remedy ?? "")
        #expect(said.contains(named), "\(message)")
        #expect(error?.remedy != nil)
    }

    @Test(arguments: ["", "\n", "# nothing\n", "~", "rules", "[]", "{}", "rules:", "rules: []", "rules: {}\nmore: 1"])
    func aFileWithoutRulesIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try read(text) }
        #expect(error?.code == .invalidRules)
        #expect(error?.message.contains("rules.yml") == true)
    }

    @Test func aFileThatIsTooLargeOrNotTextIsRefused() throws {
        let padding = String(repeating: "#", count: YAMLFile.largest)
        #expect(throws: MembershipError.self) { try read(RuleFileTests.good + "\n" + padding) }
        #expect(throws: MembershipError.self) { try RuleFile(Data([0xFF, 0xFE, 0x70]), name: "rules.yml") }
    }

    @Test func aFileThatIsNotThereIsNamed() {
        let error = #expect(throws: MembershipError.self) { try RuleFile(path: "/nowhere/rules.yml") }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message.contains("/nowhere/rules.yml") == true)
    }

    /// Nothing that is done to a good file makes the reader fail otherwise than by saying so.
    @Test(arguments: UInt64(0)..<4) func noMutationOfAGoodFileIsWorseThanRefused(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        let good = Array(RuleFileTests.good.utf8)
        var refused = 0
        for _ in 0..<400 {
            var bytes = good
            for _ in 0...random.below(4) {
                let place = random.below(bytes.count)
                if random.chance(50) {
                    bytes[place] = UInt8(random.below(256))
                } else {
                    bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(20)))
                }
            }
            do {
                _ = try RuleFile(Data(bytes), name: "rules.yml")
            } catch {
                refused += 1
                #expect(error.code == .invalidRules)
                #expect(error.message.utf8.count < 4000)
            }
        }
        #expect(refused > 100)
    }
}
