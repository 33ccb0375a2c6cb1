import Testing

@testable import MembershipFeeds

struct AuthorNameTests {
    @Test(arguments: [
        ("a@b.example (Jane Doe)", "Jane Doe"), ("Jane  Doe <a@b.example>", "Jane Doe"), ("Jane Doe", "Jane Doe"),
        ("jane@b.example", nil), ("@jane", "@jane"), ("(jane@b.example)", nil), ("  ", nil),
    ])
    func noAddressIsKept(text: String, name: String?) {
        #expect(AuthorName.parse(text) == name)
    }

    @Test func namesAreJoinedEachOnce() {
        #expect(AuthorName.joined(["A", "B", "x@y.example", "A"]) == "A, B")
        #expect(AuthorName.joined(["x@y.example"]) == nil)
    }
}
