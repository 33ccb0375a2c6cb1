/// One thing that a check-up looked at.
public struct Finding: Equatable, Sendable {
    /// What was looked at, such as `journal mode`.
    public let subject: String
    /// What was found, in a few words.
    public let detail: String
    /// Whether it is as it should be.
    public let isSound: Bool
    /// What to do when it is not.
    public let remedy: String?

    /// Notes what was found; the remedy is kept only when something is wrong.
    public init(_ subject: String, _ detail: String, isSound: Bool, remedy: String? = nil) {
        self.subject = subject
        self.detail = detail
        self.isSound = isSound
        self.remedy = isSound ? nil : remedy
    }
}
