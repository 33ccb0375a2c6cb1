import Foundation
import Membership
import Testing

/// docs/access.md is the reference of the decision, and must say what the code does.
struct AccessDocumentTests {
    private func lines() throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/access.md")
        return try String(contentsOf: file.standardizedFileURL, encoding: .utf8).components(separatedBy: "\n")
    }

    @Test func theTableInTheDocsIsTheOneInTheCode() throws {
        let rows = AccessRow.allCases.map { row in
            "| \(row.rawValue) | \(row.condition) | \(row.reason.allows ? "allowed" : "denied") | "
                + "`\(row.reason.rawValue)` |"
        }
        let table = try lines().drop { !$0.hasPrefix("| # |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(Array(table) == rows)
    }

    @Test(arguments: AccessDecision.Action.allCases)
    func everyActionIsDescribed(action: AccessDecision.Action) throws {
        #expect(try lines().contains { $0.hasPrefix("| `\(action.rawValue)` |") })
    }
}
