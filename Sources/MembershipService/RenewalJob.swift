/// Records that periods, grace and pauses have ended and tells their readers. Access does not wait for it.
struct RenewalJob: DueSubscriptionsJob {
    static let name = "renewal"
    static let areTrials = false
}
