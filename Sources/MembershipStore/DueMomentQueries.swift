package import Membership

extension ReadTransaction {
    /// The next moment, after one given, at which there is something for a job to do; nil when there is none.
    ///
    /// - Parameter reminder: how long before the end of a trial its reader is told of it.
    package func nextDueMoment(after moment: Timestamp, reminder: TimeSpan) throws -> Timestamp? {
        let due = try sql.first("SELECT min(due_at) FROM subscriptions WHERE due_at > $1", [moment]) {
            try $0.optionalTimestamp(0)
        }
        let trialEnd = try sql.first(
            """
            SELECT min(trial_end) FROM subscriptions
            WHERE \(isToBeReminded) AND trial_end > $1 AND trial_end - trial_start > $2
            """,
            [moment + reminder, reminder.milliseconds]
        ) { try $0.optionalTimestamp(0) }
        let reminderTime = (trialEnd ?? nil).map { $0 - reminder }
        return [due ?? nil, reminderTime].compactMap(\.self).min()
    }
}
