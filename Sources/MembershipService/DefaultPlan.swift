import Membership

/// The plan that a database is set up with, and that trials are of.
enum DefaultPlan {
    static let name = Slug(stored: "membership")
    static let trialDays = 14
    static let graceDays = 7
}
