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

    @Test func namesAreListedEachOnce() {
        #expect(AuthorName.list(["A", "B", "x@y.example", "A"]) == ["A", "B"])
        #expect(AuthorName.list(["x@y.example"]).isEmpty)
    }

    @Test func authorsHaveALimitOfNumberAndLength() {
        let names = (1...FeedLimits.authors).map { "Author \($0)" }
        #expect(AuthorName.list(names) == names)
        #expect(AuthorName.list(names + ["One more"]) == names)
        let name = String(repeating: "x", count: FeedLimits.authorName)
        #expect(AuthorName.list([name]) == [name])
        #expect(AuthorName.list([name + "x"]) == [name.dropLast() + "…"])
    }
}
