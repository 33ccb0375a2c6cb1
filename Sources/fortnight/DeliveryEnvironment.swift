import Membership
import MembershipService

extension GlobalOptions {
    /// The services for commands that run jobs, show messages or foretell them: these alone read how messages leave.
    func servicesForDelivery() async throws -> Services {
        try await Services.open(location(), actor: GlobalOptions.actor(), options: GlobalOptions.deliveryOptions())
    }

    private static func deliveryOptions() throws -> Services.Options {
        var options = Services.Options()
        if let text = variable("FORTNIGHT_TRIAL_REMINDER_DAYS") {
            options.trialReminderDays = Int(text) ?? -1
            do { try options.requireSound() } catch {
                throw MembershipError(
                    error.code, "FORTNIGHT_TRIAL_REMINDER_DAYS is ‘\(text)’, which is not a number of days.",
                    remedy: error.remedy)
            }
        }
        options.mail.destination = variable("FORTNIGHT_MAIL")
        options.mail.sender = variable("FORTNIGHT_MAIL_FROM")
        options.mail.templates = variable("FORTNIGHT_TEMPLATES")
        options.mail.siteName = variable("FORTNIGHT_SITE_NAME")
        options.mail.siteURL = variable("FORTNIGHT_SITE_URL")
        return options
    }
}
