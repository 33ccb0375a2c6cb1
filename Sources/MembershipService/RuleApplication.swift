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
    ///   - reason: why; it is kept with each rule that is written.
    ///   - dryRun: only tells what would be done.
    /// - Throws: ``MembershipError`` with code `unreadable_file`; `invalid_rules` for a file that is none of rules, or
    ///   one that the database cannot follow; `invalid_input` for a reason that may not be kept.
    public func apply(path: String, reason: String? = nil, dryRun: Bool = false) async throws -> RuleReport {
        let reason = try reason.map { try PlainText.reason($0) }
        let file = try RuleFile(path: path)
        // What looks at more than the file's own rules needs no place in the write: what could be had once can be for
        // ever, and the targets that the file does not name are only told.
        let told = try await store.read { tx in
            try tx.requireKnown(file)
            return try tx.report(tx.steps(to: file), missing: tx.missing(from: file))
        }
        if dryRun { return told }
        return try await store.write { tx in
            let steps = try tx.steps(to: file)
            for step in steps { try tx.take(step.revision, for: step.change.target, reason: reason) }
            return tx.report(steps, missing: told.missing)
        }
    }
}

/// What there is to be done for a target.
private struct RuleStep {
    let revision: RuleTimeline.Revision
    let change: RuleReport.TargetChange
}

extension ReadTransaction {
    fileprivate func report(_ steps: [RuleStep], missing: [RuleTarget]) -> RuleReport {
        RuleReport(at: now, targets: steps.map(\.change), missing: missing)
    }

    fileprivate func steps(to file: RuleFile) throws -> [RuleStep] {
        let standing = try standingRules(of: file)
        return file.entries.map { step(to: $0, from: RuleTimeline(standing[$0.target] ?? [])) }
    }

    private func standingRules(of file: RuleFile) throws -> [RuleTarget: [AccessRule]] {
        Dictionary(grouping: try rules(of: file.entries.map(\.target)), by: \.target)
    }

    /// The targets that have a rule from now on, and are not in a file.
    fileprivate func missing(from file: RuleFile) throws -> [RuleTarget] {
        let ahead = Set(try rules().filter { !$0.interval.hasEnded(by: now) }.map(\.target))
        return ahead.subtracting(file.entries.map(\.target)).sorted { $0.name < $1.name }
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

    /// Makes sure that there is what the file speaks of; says where it does when there is not. What a target's rules
    /// have asked for before is asked for again.
    fileprivate func requireKnown(_ file: RuleFile) throws {
        let standing = try standingRules(of: file)
        var known: Set<Entitlement> = []
        for entry in file.entries {
            let rules = standing[entry.target] ?? []
            let before = Set(rules.compactMap(\.settings?.terms).flatMap(\.requires))
            try at(entry.line, of: file) { try requireKnownOrRuled(entry.target, by: rules) }
            for requirement in entry.pieces.flatMap(\.requires) where !before.contains(requirement.entitlement) {
                guard known.insert(requirement.entitlement).inserted else { continue }
                try at(requirement.line, of: file) { try requireKnownForRule([requirement.entitlement]) }
            }
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
