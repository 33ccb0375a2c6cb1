package import Membership

extension Services {
    /// What an operator may choose beside the database. Nothing of it is read before it is needed.
    public struct Options: Sendable {
        /// How many days before the end of a trial its reader is told: 0 to 365; 0 tells nobody.
        public var trialReminderDays = 3
        /// How messages leave.
        public var mail = MailOptions()

        /// Takes the defaults.
        public init() {}

        /// Makes sure that they can be followed.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input`.
        package func requireSound() throws(MembershipError) {
            guard (0...365).contains(trialReminderDays) else {
                throw MembershipError(
                    .invalidInput, "‘\(trialReminderDays)’ is not a number of days before the end of a trial.",
                    remedy: "Give 1 to 365, or 0 to remind nobody.")
            }
        }
    }

    /// How messages leave, and what is said in them of the site.
    public struct MailOptions: Sendable {
        /// `folder:PATH`, `smtp://…`, `smtps://…` or `nowhere:`; nil while nothing is to leave. It may hold a password.
        public var destination: String?
        /// Whom mail is from: `Name <name@example.com>`.
        public var sender: String?
        /// A directory of templates in place of those that are built in.
        public var templates: String?
        /// What the site is called; nil for the sender's name.
        public var siteName: String?
        /// The site's address on the web.
        public var siteURL: String?
        /// How long one delivery through a server may take.
        package var timeout = TimeSpan(milliseconds: 30_000)
        /// After how long a run of deliveries leaves the rest to the next one.
        package var longestRun = TimeSpan.minutes(1)

        /// Leaves everything open.
        public init() {}
    }
}
