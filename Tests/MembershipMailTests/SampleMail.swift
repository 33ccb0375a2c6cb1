import Membership
import MembershipMail

/// A mail to try things on.
func sampleMail(
    id: String = "acct_0.1@fortnight.test", from: String = "The Harbour Times <letters@harbour.test>",
    toName: String? = "Ada", to: String = "ada@example.com", subject: String = "Welcome", text: String = "Hello.\n",
    html: String = "<p>Hello.</p>\n"
) throws -> Mail {
    Mail(
        messageID: id, date: Timestamp(milliseconds: 1_795_511_100_250), from: try Mailbox(parsing: from),
        to: Mailbox(name: toName, address: try EmailAddress(parsing: to)), subject: subject, text: text, html: html)
}

/// Numbers that are the same in each run (SplitMix64), so that a failure can be looked at again.
struct RepeatableNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var number = state
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        return number ^ (number >> 31)
    }

    /// Text of any characters, some of them likely to matter.
    mutating func text(upTo longest: Int) -> String {
        let special = Array(" \t=?_.\r\n\"\\<>@,;:()F-~".unicodeScalars)
        var text = ""
        for _ in 0..<Int.random(in: 0...longest, using: &self) {
            switch Int.random(in: 0..<6, using: &self) {
            case 0, 1: text.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0x20...0x7E, using: &self)))
            case 2: text.unicodeScalars.append(special[Int.random(in: 0..<special.count, using: &self)])
            case 3: text.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0xA1...0xFF, using: &self)))
            case 4:
                Unicode.Scalar(UInt32.random(in: 0x100...0xD7FF, using: &self)).map { text.unicodeScalars.append($0) }
            default:
                Unicode.Scalar(UInt32.random(in: 0x1F300...0x1FAFF, using: &self)).map {
                    text.unicodeScalars.append($0)
                }
            }
        }
        return text
    }
}
