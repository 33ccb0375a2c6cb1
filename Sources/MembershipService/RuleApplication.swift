public import Membership
import MembershipStore

/// What applying a file of rules did, or would do.
public struct RuleReport: Equatable, Sendable {
    /// From when on the file holds.
    public let at: Timestamp
    /// The targets of the file, in its order.
    public let targets: [TargetChange]
    /// Targets that have a rule from now on, are not in the file, and were left as they are.
    public let missing: [RuleTarget]

    /// Whether the file says what the database holds.
    public var isUnchanged: Bool { targets.allSatisfy(\.difference.isEmpty) }

    /// What became of a target.
    public struct TargetChange: Equatable, Sendable {
        /// Which.
        public let target: RuleTarget
        /// What is said of it from now on that was not said before.
        public let difference: RuleDifference
    }
}

extension RuleService {
    /// Makes the rules what a YAML file says, all or none in one transaction. A target of the file is from now on what
    /// the file says; what held before stays, and so does a target that is not in it.
    ///
    /// - Parameters:
    ///   - path: the file; `-` for standard input.
    ///   - dryRun: only tells what would be done.
    /// - Throws: ``MembershipError`` with code `unreadable_file`; `invalid_rules` for a file that is none of rules, or
    ///   one that the database cannot follow.
    public func apply(path: String, dryRun: Bool = false) async throws -> RuleReport {
        let file = try RuleFile(path: path)
        if dryRun { return try await store.read { tx in try tx.steps(to: file).report } }
        return try await store.write { tx in
            let steps = try tx.steps(to: file)
            for step in steps.all { try tx.take(step.revision, for: step.change.target, reason: nil) }
            return steps.report
        }
    }
}

/// What there is to be done for a target.
private struct RuleStep {
    let revision: RuleTimeline.Revision
    let change: RuleReport.TargetChange
}

private struct RuleSteps {
    let all: [RuleStep]
    let report: RuleReport

    init(_ all: [RuleStep], missing: [RuleTarget], at moment: Timestamp) {
        self.all = all
        report = RuleReport(at: moment, targets: all.map(\.change), missing: missing)
    }
}

extension ReadTransaction {
    fileprivate func steps(to file: RuleFile) throws -> RuleSteps {
        let standing = try rules()
        let byTarget = Dictionary(grouping: standing, by: \.target)
        let steps = try file.entries.map { entry in
            try requireKnown(entry, of: file)
            return step(to: entry, from: RuleTimeline(byTarget[entry.target] ?? []))
        }
        let named = Set(file.entries.map(\.target))
        let missing = Set(standing.filter { !$0.interval.hasEnded(by: now) }.map(\.target)).subtracting(named)
        return RuleSteps(steps, missing: missing.sorted { $0.name < $1.name }, at: now)
    }

    private func step(to entry: RuleFile.Entry, from timeline: RuleTimeline) -> RuleStep {
        let pieces = entry.pieces.map {
            RuleTimeline.Piece(Interval(from: $0.start, until: $0.endsAt), $0.settings)
        }
        let difference = timeline.difference(from: now, to: pieces)
        return RuleStep(
            // Rules that say the same and touch are left as they stand.
            revision: difference.isEmpty ? .none : timeline.revision(from: now, to: pieces),
            change: RuleReport.TargetChange(target: entry.target, difference: difference))
    }

    /// Makes sure that there is what the file speaks of; says where it does when there is not.
    private func requireKnown(_ entry: RuleFile.Entry, of file: RuleFile) throws {
        try at(entry.line, of: file) { try requireKnown(entry.target) }
        for requirement in entry.pieces.flatMap(\.requires) {
            try at(requirement.line, of: file) { try requireKnownForRule([requirement.entitlement]) }
        }
    }

    private func at(_ line: Int, of file: RuleFile, _ check: () throws -> Void) throws {
        do { try check() } catch let error as MembershipError {
            switch error.code {
            case .unknownTitle, .unknownSection, .unknownArticle, .unknownEntitlement:
                throw file.file.refusal(line, error)
            default: throw error
            }
        }
    }
}
