import Foundation
import Membership
import Testing
import TestSupport

@testable import MembershipService

struct CatalogFileTests {
    private static let good = """
        # What R&D calls *the* catalog.
        plans:
          membership:
            prices: {EUR: 9.99, USD: "10.99"}   # a month
            interval: 1 month
            trial_days: 14
            grace_days: 7
            entitlements:
              - all-titles
          archive:
            prices: {jpy: 800}
            interval: 30 days
            trial_days: 0
            grace_days: 0
            entitlements: [title:golem, 'archive']
          old:
            retired: true
        """

    private func read(_ text: String) throws -> CatalogFile {
        try CatalogFile(Data(text.utf8), name: "catalog.yml")
    }

    /// The good file with something in the place of something else.
    private func read(_ old: String, _ new: String) throws -> CatalogFile {
        try #require(CatalogFileTests.good.contains(old))
        return try read(CatalogFileTests.good.replacing(old, with: new, maxReplacements: 1))
    }

    @Test func everyPlanIsReadWithTheTextOfItsPrices() throws {
        let plans = try read(CatalogFileTests.good).plans
        #expect(plans.map(\.name.text) == ["membership", "archive", "old"])
        #expect(plans.map(\.line) == [3, 10, 16])
        #expect(plans.map(\.isRetired) == [false, false, true])
        let terms = try #require(plans[0].terms)
        #expect(terms.prices.map(\.description) == ["9.99 EUR", "10.99 USD"])
        #expect(terms.interval == .month)
        #expect(terms.trialDays == 14)
        #expect(terms.graceDays == 7)
        #expect(terms.entitlements == [.allTitles])
        #expect(plans[1].terms?.prices.map(\.amountMinor) == [800])
        #expect(plans[1].terms?.entitlements.map(\.name) == ["archive", "title:golem"])
        #expect(plans[2].terms == nil)
    }

    @Test func aPriceIsNeverAFloatingPointNumber() throws {
        #expect(try read("9.99", "1000000000.01").plans[0].terms?.prices[0].amountMinor == 100_000_000_001)
        for text in ["9.990000000000000001", "1e3", "0x10", "1_000", "9,99", "-1", ".5", ".inf", "09:59", "+9"] {
            #expect(throws: MembershipError.self, "\(text)") { try read("9.99", text) }
        }
        // An octal number to YAML, an amount here.
        #expect(try read("9.99", "010").plans[0].terms?.prices[0].amountMinor == 1000)
    }

    @Test(arguments: [
        ("EUR: 9.99", "XQZ: 9.99", 4, "‘XQZ’"), ("EUR: 9.99", "EUR: 9.999", 4, "‘9.999’"),
        ("jpy: 800", "JPY: 8.5", 11, "‘8.5’"), ("EUR: 9.99", "EUR: [9.99]", 4, "a list"),
        ("trial_days: 14", "trial_days:", 6, "no value"), ("EUR: 9.99", "EUR: 9.99, eur: 8.99", 3, "two prices in EUR"),
        ("EUR: 9.99", "EUR: 9.99, EUR: 9.99", 4, "‘EUR’"), ("EUR: 9.99", "EUR: 0", 3, "free"),
        ("{EUR: 9.99, USD: \"10.99\"}", "9.99", 4, "‘prices’"), ("1 month", "0 months", 5, "‘0 months’"),
        ("1 month", "fortnight", 5, "‘fortnight’"), ("1 month", "{months: 1}", 5, "a mapping"),
        ("trial_days: 14", "trial_days: fourteen", 6, "‘fourteen’"),
        ("trial_days: 14", "trial_days: 14.0", 6, "‘14.0’"),
        ("trial_days: 14", "trial_days: -1", 6, "‘-1’"), ("trial_days: 14", "trial_days: 400", 3, "‘400’"),
        ("trial_days: 14", "trial_days: 99999999999999999999", 6, "99999999999999999999"),
        ("trial_days: 14", "trial-days: 14", 6, "‘trial-days’"), ("    trial_days: 14\n", "", 3, "‘trial_days’"),
        ("grace_days: 7", "grace_days: 28", 3, "‘28’"), ("    interval: 1 month\n", "", 3, "‘interval’"),
        ("- all-titles", "- All Titles", 9, "‘All Titles’"), ("- all-titles", "- [all-titles]", 9, "a list"),
        ("[title:golem, 'archive']", "title:golem", 15, "‘entitlements’"),
        ("[title:golem, 'archive']", "[]", 10, "entitles to nothing"),
        ("  archive:", "  membership:", 3, "‘membership’"), ("  archive:", "  \"membership\":", 3, "‘membership’"),
        ("  archive:", "  !plan membership:", 10, "first in line 3"),
        ("  archive:", "  Archive Plan:", 10, "‘Archive Plan’"), ("retired: true", "retired: perhaps", 17, "‘perhaps’"),
        ("retired: true", "retired: false", 16, "‘prices’"), ("  old:\n    retired: true", "  old:", 16, "‘old’"),
        ("plans:", "version: 2\nplans:", 2, "‘version’"), ("plans:", "plan:", 2, "‘plans’"),
        ("{EUR: 9.99", "{EUR: 9.99]", 4, "not YAML"), ("    interval: 1 month", "\tinterval: 1 month", 5, "not YAML"),
        ("  old:", "---\n  old:", 16, "another document"),
        ("    retired: true", "    retired: true\n...\n---\nplans: {}", 19, "another document"),
        ("[title:golem, 'archive']", "*nothing", 15, "alias"),
        ("interval: 1 month", "interval: \"1\u{7}month\"", 5, "YAML"),
    ])
    func whatIsWrongIsRefusedWithItsLine(old: String, new: String, line: Int, named: String) throws {
        let error = #expect(throws: MembershipError.self) { try read(old, new) }
        #expect(error?.code == .invalidCatalog)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("‘catalog.yml’, line \(line): "), "\(message)")
        #expect(message.contains(named), "\(message)")
        #expect(error?.remedy != nil)
    }

    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "~", "plans", "[]", "{}", "plans:", "plans: []", "- plans"])
    func aFileWithoutPlansIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try read(text) }
        #expect(error?.code == .invalidCatalog)
        #expect(error?.message.contains("catalog.yml") == true)
    }

    @Test func noPlansAtAllAreACatalogToo() throws {
        #expect(try read("plans: {}").plans.isEmpty)
    }

    @Test func aFileThatIsTooLargeOrNotTextIsRefused() throws {
        let limit = YAMLFile.largest
        let padded = CatalogFileTests.good + "\n#"
        let filler = String(repeating: "x", count: limit - padded.utf8.count)
        #expect(try read(padded + filler).plans.count == 3)
        #expect(throws: MembershipError.self) { try read(padded + filler + "x") }
        #expect(throws: MembershipError.self) { try CatalogFile(Data([0xFF, 0xFE, 0x70]), name: "catalog.yml") }
    }

    @Test(arguments: ["1 month", "membership", "EUR", "all-titles", "14", "trial_days"])
    func aValueThatIsFarTooLongIsNotRepeated(old: String) {
        let error = #expect(throws: MembershipError.self) { try read(old, String(repeating: "7", count: 100_000)) }
        #expect((error?.message.utf8.count ?? 0) < 300)
    }

    @Test func aliasesAreNotFollowed() throws {
        var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, inner) in zip("bcdefghij", "abcdefghi") {
            bomb += "\(name): &\(name) [" + Array(repeating: "*\(inner)", count: 9).joined(separator: ", ") + "]\n"
        }
        let error = #expect(throws: MembershipError.self) { try read(bomb + "? *j\n: x\n") }
        #expect(error?.message.contains("line 2: has the alias ‘*a’") == true, "\(error?.message ?? "")")
        // An anchor by itself stands for nothing else.
        #expect(try read("{EUR: 9.99", "&euros {EUR: 9.99").plans.count == 3)
    }

    @Test(arguments: ["[", "{a: ", "? ", "- ", "{? [", "!!map {a: ", "\"", "|\n "])
    func endlessNestingIsRefusedSoon(opening: String) {
        let text = String(repeating: opening, count: (YAMLFile.largest - 10) / opening.utf8.count)
        #expect(throws: MembershipError.self) { try read(text) }
    }

    /// Nothing that is done to a good file makes the reader fail otherwise than by saying so.
    @Test(arguments: 0..<8) func noMutationOfAGoodFileIsWorseThanRefused(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let good = Array(CatalogFileTests.good.utf8)
        let pieces = [
            "&a ", "*a", "? ", ": ", "- ", "[", "]", "{", "}", "\n", "\t", "---\n", "...\n", "%YAML 9.9\n", "!!binary ",
            "|",
            ">", "'", "\"", "\\u0000", "\\uD800", "#", ",", "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{600}", "~",
            "<<: ", "🎈", "999999999999999999999", "\r",
        ].map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<400 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 0...20, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.replaceSubrange(place..<end, with: pieces.randomElement(using: &random) ?? [])
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes.insert(contentsOf: good[..<min(place, good.count)].suffix(40), at: place)
                default: bytes.removeSubrange(place..<end)
                }
                if bytes.isEmpty { break }
            }
            do {
                _ = try CatalogFile(Data(bytes), name: "catalog.yml")
            } catch {
                refused += 1
                #expect(error.code == .invalidCatalog)
                #expect(error.message.utf8.count < 4000)
            }
        }
        #expect(refused > 100)
    }
}

/// The same numbers for the same seed: a failure can be looked into.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
