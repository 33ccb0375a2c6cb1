/// The place in a list after which the next page begins.
///
/// It names the last row of the page before, not a count of rows, so that rows added or removed meanwhile neither
/// repeat nor hide another.
public struct Cursor<Kind: IdentifiedKind>: Hashable, Sendable {
    /// The last row of the page before.
    package let last: Identifier<Kind>

    /// Points behind a row.
    package init(after last: Identifier<Kind>) {
        self.last = last
    }

    /// Reads what ``description`` writes.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard let last = Identifier<Kind>(text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a cursor.",
                remedy: "Give the one that the page before ended with, or leave it out to begin at the start.")
        }
        self.last = last
    }
}

extension Cursor: CustomStringConvertible {
    /// The text to ask for the next page with.
    public var description: String { last.description }
}
