import Membership
import Testing

struct SlugTests {
    @Test(arguments: [
        ("The bridge closes", "the-bridge-closes"), ("Bärtierchen & Füße!", "baertierchen-fuesse"),
        ("Don’t panic – it's fine", "dont-panic-its-fine"), ("Café à la crème", "cafe-a-la-creme"),
        ("100 % sure?", "100-sure"), ("  --  spaced  -- ", "spaced"), ("Москва", "moskva"),
        (String(repeating: "word ", count: 40), "word-word-word-word-word-word-word-word-word-word-word-word-word"),
    ])
    func headlinesBecomeReadableSlugs(headline: String, slug: String) {
        #expect(Slug(from: headline)?.text == slug)
    }

    @Test func nothingIsLeftOfPunctuation() {
        #expect(Slug(from: "…!?") == nil)
        #expect(Slug(from: "") == nil)
    }

    @Test func whateverTheHeadlineTheSlugMadeOfItIsOneThatParses() throws {
        let alphabet = Array("abcXYZ0189 -_/\\äöüßéñ日本Ж\u{0}\u{1B}\u{202E}’'\"😀.,;:!?")
        for _ in 0..<1000 {
            let headline = String((0..<Int.random(in: 0...200)).map { _ in alphabet.randomElement() ?? "a" })
            guard let slug = Slug(from: headline) else { continue }
            #expect(try Slug(parsing: slug.text) == slug)
            let numbered = slug.numbered(.random(in: 2...1_000_000))
            #expect(try Slug(parsing: numbered.text) == numbered)
        }
    }

    @Test func aNumberFitsBehindTheLongestSlug() throws {
        let longest = try Slug(parsing: String(repeating: "a", count: 77) + "-bc")
        #expect(longest.numbered(12).text == String(repeating: "a", count: 77) + "-12")
    }

    @Test(arguments: ["", "a/b", "A", "a--b", "-a", "a-", "a b", "ä", "a_b", String(repeating: "a", count: 81)])
    func whatIsNoSlugIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try Slug(parsing: text) }
        #expect(error?.code == .invalidSlug)
    }
}

struct ArticleReferenceTests {
    @Test func keysAndIdentifiersAreRead() throws {
        #expect(try ArticleReference(parsing: "golem/the-bridge").description == "golem/the-bridge")
        #expect(try ArticleReference(parsing: "art_0000000000011") == .id(Identifier(rawValue: 33)))
    }

    @Test(arguments: ["", "golem", "golem/", "/x", "a/b/c", "Golem/x", "art_1"])
    func whatNamesNoArticleIsRefused(text: String) {
        #expect(throws: MembershipError.self) { try ArticleReference(parsing: text) }
    }
}
