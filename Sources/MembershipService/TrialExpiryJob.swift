/// Records that trials have ended and tells their readers. Access does not wait for it: a trial's grant ends by the
/// clock, whether or not this has run.
struct TrialExpiryJob: DueSubscriptionsJob {
    static let name = "trial-expiry"
    static let areTrials = true
}
