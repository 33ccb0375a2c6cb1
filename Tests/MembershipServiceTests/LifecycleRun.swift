import Membership
import MembershipStore
import TestSupport

/// The model and the program taken through one history, side by side.
struct LifecycleRun {
    private(set) var model: LifecycleModel
    private(set) var subject: LifecycleSubject
    /// What was done, and whether it was refused.
    private(set) var log: [(command: LifecycleCommand, refusal: MembershipError?)] = []
    private let history: LifecycleHistory
    private let referencePrefix: String

    /// Sets the clock of a database to where the history begins.
    init(
        _ history: LifecycleHistory, in database: TestDatabase, _ store: Store, number: Int,
        mistake: LifecycleModel.Mistake = .init()
    ) async throws {
        self.history = history
        referencePrefix = "R\(number)"
        subject = try LifecycleSubject(database, store, email: "reader\(number)@example.com")
        model = LifecycleModel(offers: LifecycleModel.Offer.all, zone: history.zone, now: history.start)
        model.mistake = mistake
        _ = try await subject.perform(.setClock(history.start), zone: history.zone)
    }

    /// Takes a step on both sides, and returns what differs then.
    mutating func take(_ step: LifecycleStep) async throws -> LifecycleDifference? {
        guard let command = step.command(model, referencePrefix: referencePrefix) else { return nil }
        let isDone = model.perform(command)
        var refusal: MembershipError?
        do {
            refusal = try await subject.perform(command, zone: history.zone)
        } catch {
            log.append((command, nil))
            return difference("fails", "\(error)", "")
        }
        log.append((command, refusal))
        guard isDone == (refusal == nil) else {
            return difference("is refused", isDone ? "no" : "yes", refusal.map { "yes: \($0.message)" } ?? "no")
        }
        let moments = model.interestingMoments
        let expected = model.view(at: moments)
        let found = try await subject.view(at: moments, throughServices: log.count % 5 == 1)
        return expected == found ? nil : LifecycleDifference(script: script, lines: expected.lines(beside: found))
    }

    /// Looks at the chain of events in the end, and leaves nothing behind that is still open.
    mutating func end() async throws -> LifecycleDifference? {
        if model.agreement.map({ !$0.isOver }) ?? false, let difference = try await take(.plain(.cancel(now: true))) {
            return difference
        }
        return try await subject.chainFault().map { difference("chain of events", "sound", $0) }
    }

    private func difference(_ what: String, _ model: String, _ program: String) -> LifecycleDifference {
        LifecycleDifference(script: script, lines: ["\(what): model \(model), program \(program)"])
    }

    /// The history so far, for a person to paste.
    private var script: String {
        LifecycleScript(zone: history.zone, start: history.start, commands: log).text
    }
}

/// What differs between the model and the program, behind a script that leads there.
struct LifecycleDifference: CustomStringConvertible {
    let script: String
    let lines: [String]

    var description: String { script + lines.map { "# " + $0 + "\n" }.joined() }
}

extension LifecycleView {
    /// What differs, a line each.
    fileprivate func lines(beside found: LifecycleView) -> [String] {
        var lines: [String] = []
        func compare(_ name: String, _ mine: some Equatable, _ theirs: some Equatable) {
            let (mine, theirs) = (LifecycleView.text(mine), LifecycleView.text(theirs))
            if mine != theirs { lines.append("\(name): model \(mine), program \(theirs)") }
        }
        if let mine = subscription, let theirs = found.subscription {
            for (left, right) in zip(Mirror(reflecting: mine).children, Mirror(reflecting: theirs).children) {
                let (left, right, name) = (LifecycleView.text(left.value), LifecycleView.text(right.value), left.label)
                if left != right { lines.append("\(name ?? ""): model \(left), program \(right)") }
            }
        } else {
            compare("subscription", subscription.map { $0.plan }, found.subscription.map { $0.plan })
        }
        for (mine, theirs) in zip(access, found.access) {
            compare("access at \(LifecycleCommand.text(mine.at))", mine.isAllowed, theirs.isAllowed)
        }
        compare("access until", accessUntil, found.accessUntil)
        compare("payments", payments, found.payments)
        compare("events", events, found.events)
        compare("messages", messages.map(\.rawValue), found.messages.map(\.rawValue))
        return lines
    }

    private static func text(_ value: Any) -> String {
        switch value {
        case let moment as Int64: LifecycleCommand.text(moment)
        case let moment as Int64?: moment.map { LifecycleCommand.text($0) } ?? "none"
        case let events as [LifecycleModel.Happening]:
            events.map { "\($0.kind.rawValue) \(LifecycleCommand.text($0.at))" }.joined(separator: ", ")
        case let status as Subscription.Status: status.rawValue
        case let text as String?: text ?? "none"
        case let moments as [Int64?]: moments.map { $0.map { LifecycleCommand.text($0) } ?? "for ever" }.joined()
        default: "\(value)"
        }
    }
}

// MARK: - Making a failing history short

extension LifecycleHistory {
    /// Plays the history in a database of its own, and returns the first difference with the number of its step.
    func firstDifference(
        mistake: LifecycleModel.Mistake
    ) async throws -> (step: Int, difference: LifecycleDifference)? {
        let (database, store) = try await LifecycleSubject.makeDatabase()
        var run = try await LifecycleRun(self, in: database, store, number: 1, mistake: mistake)
        for (number, step) in steps.enumerated() {
            if let difference = try await run.take(step) { return (number, difference) }
        }
        return try await run.end().map { (steps.count, $0) }
    }

    /// The same without what the difference does not need, by delta debugging (Zeller, Hildebrandt 2002); nil when it
    /// does not show in a database of its own.
    func shrunk(mistake: LifecycleModel.Mistake) async throws -> (history: LifecycleHistory, LifecycleDifference)? {
        guard let first = try await firstDifference(mistake: mistake) else { return nil }
        var (best, difference) = (cut(behind: first.step), first.difference)
        func take(_ candidate: LifecycleHistory) async throws -> Bool {
            guard let found = try await candidate.firstDifference(mistake: mistake) else { return false }
            (best, difference) = (candidate.cut(behind: found.step), found.difference)
            return true
        }
        var size = max(1, best.steps.count / 2)
        while true {
            var (index, hasShrunk) = (0, false)
            while index < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(index..<min(index + size, best.steps.count))
                if try await take(candidate) { hasShrunk = true } else { index += size }
            }
            if size == 1 && !hasShrunk { break }
            size = max(1, size / 2)
        }
        if best.zone != "UTC" {
            var candidate = best
            candidate.zone = "UTC"
            _ = try await take(candidate)
        }
        return (best, difference)
    }

    private func cut(behind step: Int) -> LifecycleHistory {
        var result = self
        result.steps = Array(steps.prefix(step + 1))
        return result
    }
}
