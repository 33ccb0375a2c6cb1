import Membership
import Testing

struct EmailDomainTests {
    @Test(arguments: [
        ("Example.COM", "example.com"), (" example.com ", "example.com"), ("münchen.de", "xn--mnchen-3ya.de"),
        ("XN--mnchen-3ya.de", "xn--mnchen-3ya.de"), ("googlemail.com", "gmail.com"),
    ])
    func aDomainHasOneSpellingAsInAnAddress(typed: String, name: String) throws {
        #expect(try EmailDomain(parsing: typed).name == name)
        let address = "ada@" + typed.split(separator: " ").joined()
        #expect(try EmailAddress(parsing: address).domain.name == name)
    }

    @Test(arguments: [
        "", "com", "a@b.example", "-a.example", "a..example", "192.168.0.1", "a b.example", "*.example.com",
    ])
    func whatIsNoDomainIsRefused(typed: String) {
        let error = #expect(throws: MembershipError.self) { try EmailDomain(parsing: typed) }
        #expect(error?.code == .invalidInput)
    }

    @Test func parentsGoDownToTwoLabels() throws {
        #expect(
            try EmailDomain(parsing: "a.b.example.com").withParents.map(\.name)
                == ["a.b.example.com", "b.example.com", "example.com"])
        #expect(try EmailDomain(parsing: "example.com").withParents.map(\.name) == ["example.com"])
    }

    @Test func aListHasADomainALineAndComments() throws {
        let text = "\u{FEFF}# throwaway\r\nA.example\r\n\n  b.example  # the second\n#c.example"
        #expect(try EmailDomain.list(text, name: "x").map(\.name) == ["a.example", "b.example"])
        let error = #expect(throws: MembershipError.self) {
            try EmailDomain.list("a.example\n\n# fine\nb example\nc.example", name: "x.txt")
        }
        #expect(error?.message.contains("x.txt") == true)
        #expect(error?.message.contains("line 4") == true)
        #expect(error?.message.contains("‘b example’") == true)
    }
}
