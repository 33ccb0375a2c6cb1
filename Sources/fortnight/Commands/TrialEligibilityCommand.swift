import ArgumentParser
import Membership
import MembershipService

extension TrialCommand {
    struct Eligibility: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "eligibility", abstract: "Say whether a person could begin the free days now, and why not.",
            discussion: """
                The person need not have signed up. Exit status 0 is yes, 1 no. Nothing is written.

                Example:
                  fortnight trial eligibility ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The person's address.")
        var email: String

        @Option(
            help: ArgumentHelp("What the app knows the device by, to ask for the device too.", valueName: "id"))
        var device: String?

        func perform() async throws {
            let address = try EmailAddress(parsing: email)
            let answer = try await global.services().trials.eligibility(
                of: address, device: device.map(DeviceID.init(parsing:)))
            if global.json {
                try global.console.document(EligibilityView(answer, address))
            } else if answer.eligibility.isEligible {
                global.console.line("Yes: \(address.typed) can begin a trial.")
            } else {
                global.console.line("No: \(address.typed) gets no trial.")
                for obstacle in answer.eligibility.obstacles {
                    global.console.line("  \(obstacle.code): \(obstacle.sentence)")
                }
            }
            guard answer.eligibility.isEligible else { throw ExitCode(ExitStatus.denied) }
        }
    }
}

extension TrialEligibility.Obstacle {
    fileprivate var sentence: String {
        switch self {
        case .hadTrial(let since): "This person has had one since \(since)."
        case .deviceHadTrial(let since): "Somebody has had one on this device since \(since)."
        case .disposableDomain(let domain): "\(domain) is on the list of domains for throwaway addresses."
        case .notOffered(let plan): "The plan ‘\(plan)’ offers none."
        case .subscribed(let account, let status): "\(account) has a subscription, which is \(status.rawValue)."
        }
    }
}

private struct EligibilityView: Encodable {
    struct Reason: Encodable {
        let code: String
        let message: String
        @ExplicitNull var since: Timestamp?
    }

    let eligible: Bool
    let reasons: [Reason]
    let email: String
    @ExplicitNull var account: String?
    let at: Timestamp

    init(_ answer: TrialService.EligibilityAnswer, _ address: EmailAddress) {
        eligible = answer.eligibility.isEligible
        reasons = answer.eligibility.obstacles.map { obstacle in
            let since: Timestamp? =
                switch obstacle {
                case .hadTrial(let since), .deviceHadTrial(let since): since
                case .disposableDomain, .notOffered, .subscribed: nil
                }
            return Reason(code: obstacle.code, message: obstacle.sentence, since: since)
        }
        (email, account, at) = (address.typed, answer.account?.description, answer.at)
    }
}
