import Foundation
import Membership

/// A bar on standard error while a terminal looks on; nothing otherwise.
struct ProgressBar: Sendable {
    private let isShown: Bool
    private let label: String

    init(label: String, isQuiet: Bool) {
        isShown = !isQuiet && isatty(STDERR_FILENO) == 1
        self.label = PlainText.visible(label)
    }

    func show(_ done: Int, of total: Int) {
        guard isShown, total > 0 else { return }
        let filled = 30 * min(done, total) / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        draw("\r\(label) \(bar) \(done)/\(total)")
    }

    func clear() {
        guard isShown else { return }
        draw("\r\u{1B}[K")
    }

    private func draw(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
