import Membership

/// A history as a script for the shell: whoever pastes it has the same database in front of them.
struct LifecycleScript {
    let zone: String
    let start: Int64
    let commands: [(command: LifecycleCommand, refusal: MembershipError?)]

    var text: String {
        var lines = [
            "export FORTNIGHT_DATABASE=\"$(mktemp -d)/model.db\" ZONE=\(zone)",
            "fortnight init --sandbox",
            LifecycleCommand.setClock(LifecycleHistory.epoch).line,
        ]
        lines += [
            "fortnight title add golem --name Golem --access premium",
            "fortnight title add other --name Other --access premium",
        ]
        lines += LifecycleModel.Offer.all.flatMap(\.lines)
        lines += [
            "fortnight article import --title golem - <<'FEED'",
            #"{"version":"https://jsonfeed.org/version/1.1","title":"Golem","items":[{"id":"the-bridge","#
                + #""title":"The bridge","content_html":"<p>An opening.</p>","date_published":"2026-01-01T00:00:00Z"}]}"#,
            "FEED",
            LifecycleCommand.setClock(start).line,
        ]
        lines += commands.map { entry in
            entry.command.line + (entry.refusal.map { "  # refused: \($0.message)" } ?? "")
        }
        lines += [
            "fortnight subscription show reader@example.com", "fortnight check reader@example.com golem/the-bridge",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

extension LifecycleModel.Offer {
    /// Makes the plan, or its next version.
    fileprivate var lines: [String] {
        let prices = prices.sorted { $0.key < $1.key }.map { currency, amount in
            "--price \(Money(amountMinor: amount, currency: Currency(stored: currency)).decimal):\(currency)"
        }
        let words =
            ["fortnight plan add \(name)"] + prices + [
                "--interval '\(every) \(unit.rawValue)'", "--trial-days \(trialDays)", "--grace-days \(graceDays)",
                "--entitlement \(gives)",
            ]
        return [words.joined(separator: " "), "fortnight plan publish \(name)"]
    }
}
