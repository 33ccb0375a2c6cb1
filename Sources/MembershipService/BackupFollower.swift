public import Membership
import MembershipStore

/// Copies what is new in a database into a directory, a step at a time. While it is there, the database's log is kept
/// from being used again before it is copied. It belongs to one task.
public final class BackupFollower {
    /// Why the directory has no key of the trial ledger; nil when it has, or was not to have.
    public let missingKey: String?
    private let follower: LogFollower

    init(_ follower: LogFollower, missingKey: String?) {
        self.follower = follower
        self.missingKey = missingKey
    }

    /// What one step did.
    public struct Step: Equatable, Sendable {
        /// Everything that was acknowledged before this moment can be restored.
        public let completeUntil: Timestamp
        /// How many pages were copied out of the log.
        public let pages: Int
        /// Why the whole database was copied; nil when it was not.
        public let newBase: String?
        /// How many older copies of the whole database were removed, with what followed on them.
        public let removed: Int
    }

    /// Copies what was committed since the last step.
    ///
    /// - Throws: ``MembershipError``; `database_busy` when others kept it out, `database_full` and others. The next
    ///   call goes on from what is in the directory.
    public func followOnce() throws -> Step {
        let step = try follower.followOnce()
        return Step(
            completeUntil: step.completeUntil, pages: step.frames, newBase: step.newBase, removed: step.removed)
    }
}
