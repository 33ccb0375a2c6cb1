import Foundation
import Membership
import Testing

struct SubscriptionTransitionTests {
    /// The rows of the table, as docs/lifecycle.md must have them.
    private var rows: [String] {
        SubscriptionTransition.allCases.map { transition in
            let rule = transition.rule
            let from = rule.from.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            let to = rule.to.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            let done = (rule.byClock ? ["*clock*"] : []) + rule.commands.map { "`\($0)`" }
            return "| `\(transition.rawValue)` | \(from.isEmpty ? "none" : from) | \(to) | `\(rule.event.rawValue)` | "
                + (rule.message.map { "`\($0.rawValue)`" } ?? "–") + " | " + done.joined(separator: ", ") + " |"
        }
    }

    @Test func theTableInTheDocsIsTheOneInTheCode() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/lifecycle.md")
        let text = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## ").first { $0.hasPrefix("Transitions") })
        let table = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(table == rows)
    }

    @Test func whatHasEndedHasNoWayOut() {
        for transition in SubscriptionTransition.allCases {
            #expect(!transition.rule.from.contains { $0.isFinal })
        }
    }

    @Test func everyStateCanBeReachedAndEveryOpenOneLeft() {
        for status in Subscription.Status.allCases {
            #expect(SubscriptionTransition.allCases.contains { $0.rule.to.contains(status) })
            let leaves = SubscriptionTransition.allCases.contains {
                $0.rule.from.contains(status) && $0.rule.to.contains { $0 != status }
            }
            #expect(leaves == !status.isFinal)
        }
    }
}
