import ArgumentParser
import Membership
import MembershipService

struct SignUpCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "signup", abstract: "Make an account and start its free days.",
        discussion: """
            The free days are exactly 24 hours each, once for every person: capitals, +tags, the dots of Gmail and \
            the spelling of an international domain make no second person.

            Example:
              fortnight signup ada@example.com --name Ada --time-zone Europe/Berlin
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The person's address.")
    var email: String

    @Option(help: ArgumentHelp("What the person wants to be called.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("An IANA time zone (default: UTC).", valueName: "zone"))
    var timeZone: String?

    @Option(help: ArgumentHelp("The language the person is written to in: en or de.", valueName: "tag"))
    var language = "en"

    @Option(
        help: ArgumentHelp(
            "What the app knows the device by: a device has the free days once too. Only a hash is kept.",
            valueName: "id"))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "The id that the site knew the person by before: what she opened by the meter stays spent.",
            valueName: "id"))
    var visitor: String?

    @Flag(help: "Leave the free days for later: fortnight trial start.")
    var noTrial = false

    func perform() async throws {
        let email = try EmailAddress(parsing: email)
        let result = try await global.services().accounts.signUp(
            email: email, name: name, timeZone: timeZone, language: Language(parsing: language),
            device: device.map(DeviceID.init(parsing:)), visitor: visitor.map(VisitorID.init(parsing:)),
            wantsTrial: !noTrial)
        if global.json {
            try global.console.document(SignUpView(result))
            return
        }
        global.console.line("Signed up \(result.account.email) as \(result.account.id).")
        switch result.trial {
        case .started:
            global.console.line("The trial runs until \(result.subscription?.trialEnd?.rfc3339 ?? "").")
        case .notWanted: global.console.line("No trial was started; fortnight trial start \(email.typed) starts it.")
        case .taken: global.console.line("No trial was started: this person has had one.")
        case .deviceTaken: global.console.line("No trial was started: somebody has had one on this device.")
        case .disposable:
            global.console.line(
                "No trial was started: \(email.domain) is on the list of domains for throwaway addresses.")
        case .notOffered: global.console.line("No trial was started: the plan offers none.")
        }
    }
}

private struct SignUpView: Encodable {
    let id: String
    let email: String
    @ExplicitNull var name: String?
    let timeZone: String
    let language: String
    let createdAt: Timestamp
    let trial: String
    @ExplicitNull var subscription: SubscriptionView?

    init(_ result: AccountService.SignUp) {
        id = result.account.id.description
        email = result.account.email
        name = result.account.name
        timeZone = result.account.timeZone
        language = result.account.language.rawValue
        createdAt = result.account.createdAt
        trial = result.trial.rawValue
        subscription = result.subscription.map { SubscriptionView($0, at: result.account.createdAt) }
    }
}
