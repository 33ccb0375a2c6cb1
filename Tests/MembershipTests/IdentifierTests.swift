import Membership
import Testing

struct IdentifierTests {
    @Test func textRoundTripsAndSortsLikeTheNumbers() {
        let numbers = (0..<500).map { _ in Int64.random(in: 0...Int64.max) }.sorted() + [Int64.max]
        let identifiers = numbers.map(Identifier<Account>.init(rawValue:))
        #expect(identifiers.map { Identifier<Account>($0.description) } == identifiers)
        #expect(identifiers.map(\.description).sorted() == identifiers.map(\.description))
    }

    @Test func lookAlikeDigitsAndCapitalsAreRead() {
        #expect(Identifier<Account>("ACCT_OOOOOOOOOOOIL")?.rawValue == 33)
    }

    @Test(arguments: [
        "", "acct_", "acct_000000000000", "acct_00000000000000", "sub_0000000000000", "acct_000000000000u",
        "acct_zzzzzzzzzzzzz", "acct_8000000000000", "acct_00000000000é", "acct0000000000000",
    ])
    func whatIsNoIdentifierIsRefused(text: String) {
        #expect(Identifier<Account>(text) == nil)
    }

    /// Whoever copied half of an id did not mean an address, unless it is one.
    @Test func halfAnIdIsNotTakenForAnAddress() throws {
        for text in ["acct_", "acct_zzzz", "acct_8000000000000"] {
            let error = #expect(throws: MembershipError.self) { try AccountReference(parsing: text) }
            #expect(error?.code == .invalidInput && error?.message.contains("‘\(text)’ is not the id") == true)
        }
        #expect(try AccountReference(parsing: "acct_zzzz@example.com").description == "acct_zzzz@example.com")
    }
}

struct CursorTests {
    @Test func aCursorPointsBehindTheRowItWasMadeFrom() throws {
        for _ in 0..<200 {
            let last = Identifier<Account>(rawValue: .random(in: 0...Int64.max))
            #expect(try Cursor(parsing: Cursor(after: last).description) == Cursor(after: last))
        }
    }

    @Test(arguments: ["", "1", "sub_0000000000000", "acct_000000000000"])
    func whatIsNoCursorIsRefused(text: String) {
        #expect(throws: MembershipError.self) { try Cursor<Account>(parsing: text) }
    }
}

struct PageLimitTests {
    @Test func limitsLieBetweenOneAndTheMost() throws {
        #expect(try [1, 1000].map { try PageLimit($0).count } == [1, 1000])
        for count in [Int.min, -1, 0, 1001, Int.max] {
            #expect(throws: MembershipError.self) { try PageLimit(count) }
        }
    }
}
