/// Who did something: an operator, a program, a job. Kept with every event, so it is never a reader's address or name.
public struct Actor: Hashable, Sendable {
    /// `operator:jo`, `job:renewal`.
    public let name: String

    /// Takes a name that was checked before it was stored, or is one of ours.
    package init(stored name: String) {
        self.name = name
    }

    /// Reads who acts: a word of letters, digits and `._-`, with its kind before a colon if need be.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        // What nobody did, and what jobs did, is told apart from what people did.
        guard Actor.isPlain(text), !Actor.isReserved(text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a name for who acts.",
                remedy: "Use at most 64 letters, digits and : . _ -, and neither clock, unnamed nor job:…: operator:jo."
            )
        }
        name = text
    }

    /// Reads whose doing is looked for: as ``init(parsing:)``, and also `clock`, `unnamed` and `job:renewal`. A word
    /// without a kind is an operator.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public static func lookedFor(_ text: String) throws(MembershipError) -> Actor {
        guard isPlain(text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a name for who acts.",
                remedy: "Give operator:jo, jo for the same, clock, job:renewal, or whatever an event names.")
        }
        return Actor(stored: isReserved(text) || text.contains(":") ? text : "operator:" + text)
    }

    private static func isPlain(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isASCIILetterOrDigit(or: ":._-") }
    }

    private static func isReserved(_ text: String) -> Bool {
        text == "clock" || text == "unnamed" || text.hasPrefix("job:")
    }

    /// Whoever uses the library without saying who they are.
    public static let unnamed = Actor(stored: "unnamed")
    /// What time did, found out by whoever came next.
    package static let clock = Actor(stored: "clock")
    /// A job.
    package static func job(_ name: String) -> Actor { Actor(stored: "job:" + name) }
    /// Whether it is a job.
    package var isJob: Bool { name.hasPrefix("job:") }
}

extension Actor: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
