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
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || ":._-".unicodeScalars.contains($0))
        }
        // What nobody did, and what jobs did, is told apart from what people did.
        let isReserved = text == "clock" || text == "unnamed" || text.hasPrefix("job:")
        guard isPlain, !isReserved, (1...64).contains(text.count) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a name for who acts.",
                remedy: "Use at most 64 letters, digits and : . _ -, and neither clock, unnamed nor job:…: operator:jo."
            )
        }
        name = text
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
