public import Membership
import MembershipStore

/// What applying a catalog did, or would do.
public struct CatalogReport: Equatable, Sendable {
    /// The plans of the file, in its order.
    public let plans: [PlanChange]
    /// Plans that are not in the file and were left as they are; those that are retired are not named.
    public let missing: [Slug]

    /// Whether the file says what the database holds.
    public var isUnchanged: Bool { plans.allSatisfy { !$0.isNew && !$0.publishes && !$0.retires } }

    /// What became of a plan.
    public struct PlanChange: Equatable, Sendable {
        /// Its name.
        public let plan: Slug
        /// Whether there was no such plan before.
        public let isNew: Bool
        /// The newest published version before; nil when there was none.
        public let before: Int?
        /// The newest published version after; nil when there is none.
        public let after: Int?
        /// What is different in it; nothing when no version is published.
        public let difference: PlanDifference?
        /// Whether a draft was thrown away for it.
        public let replacesDraft: Bool
        /// Whether nobody can subscribe to it from now on.
        public let retires: Bool
        /// How many subscriptions that have not ended stay on earlier versions until they are moved.
        public let openSubscriptionsBefore: Int

        /// Whether a version is published.
        public var publishes: Bool { difference != nil }
    }
}

extension PlanService {
    /// Makes the plans what a YAML file says, all or none in one transaction. A plan whose terms are not those of its
    /// newest published version gets a new version; one that is not in the file is left.
    ///
    /// - Parameters:
    ///   - path: the file; `-` for standard input.
    ///   - dryRun: only tells what would be done.
    /// - Throws: ``MembershipError`` with code `unreadable_file`; `invalid_catalog` for a file that is not a catalog, or
    ///   one that the database cannot follow.
    public func applyCatalog(path: String, dryRun: Bool = false) async throws -> CatalogReport {
        let file = try CatalogFile(path: path)
        if dryRun { return try await store.read { tx in try tx.steps(to: file).report } }
        return try await store.write { tx in
            let steps = try tx.steps(to: file)
            for step in steps.all { try tx.take(step) }
            return steps.report
        }
    }
}

/// What there is to be done for a plan.
private struct CatalogStep {
    let entry: CatalogFile.Entry
    let plan: Plan?
    let change: CatalogReport.PlanChange
}

private struct CatalogSteps {
    let all: [CatalogStep]
    let missing: [Slug]

    var report: CatalogReport { CatalogReport(plans: all.map(\.change), missing: missing) }
}

extension ReadTransaction {
    fileprivate func steps(to file: CatalogFile) throws -> CatalogSteps {
        let named = Set(file.plans.map(\.name))
        return CatalogSteps(
            all: try file.plans.map { try step(to: $0, of: file) },
            missing: try planNames().filter { try !named.contains($0) && plan($0)?.retiredAt == nil })
    }

    private func step(to entry: CatalogFile.Entry, of file: CatalogFile) throws -> CatalogStep {
        let plan = try plan(entry.name)
        if entry.terms == nil, plan == nil {
            throw file.refusal(
                entry, "there is no plan ‘\(entry.name)’ to retire", remedy: "Leave it out, or say what it was.")
        }
        if let retiredAt = plan?.retiredAt, !entry.isRetired {
            throw file.refusal(
                entry, "the plan ‘\(entry.name)’ was retired at \(retiredAt), and stays so",
                remedy: "Write retired: true, or give the plan another name.")
        }
        try requireKnown(entry, of: file)
        let published = plan?.published
        let difference = entry.terms.map { PlanDifference(from: published?.terms, to: $0) }
        let publishes = difference.map { published == nil || !$0.isEmpty } ?? false
        let change = CatalogReport.PlanChange(
            plan: entry.name, isNew: plan == nil, before: published?.version,
            after: publishes ? (published?.version ?? 0) + 1 : published?.version,
            difference: publishes ? difference : nil, replacesDraft: publishes && plan?.draft != nil,
            retires: entry.isRetired && plan?.retiredAt == nil,
            openSubscriptionsBefore: publishes ? try openSubscriptionCounts(ofPlan: entry.name).values.reduce(0, +) : 0)
        if change.retires {
            do { try requireRetirable(entry.name) } catch { throw file.refusal(entry, error) }
        }
        return CatalogStep(entry: entry, plan: plan, change: change)
    }

    private func requireKnown(_ entry: CatalogFile.Entry, of file: CatalogFile) throws {
        do { try requireKnown(entry.terms?.entitlements ?? []) } catch let error as MembershipError
            where error.code == .unknownTitle
        {
            throw file.refusal(entry, error)
        }
    }
}

extension WriteTransaction {
    fileprivate func take(_ step: CatalogStep) throws {
        if step.change.publishes, let terms = step.entry.terms {
            _ = try writeVersion(terms, of: step.plan, named: step.entry.name, isPublished: true)
        }
        if step.change.retires { try retire(step.entry.name) }
    }
}
