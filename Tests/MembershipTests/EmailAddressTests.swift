import Foundation
import Membership
import Testing

struct EmailAddressTests {
    @Test(arguments: [
        ("Ada@Example.COM", "ada@example.com"), ("  ada@example.com\n", "ada@example.com"),
        ("ada+news@example.com", "ada@example.com"), ("ada+a+b@example.com", "ada@example.com"),
        ("A.d.A+x@gmail.com", "ada@gmail.com"), ("ada@googlemail.com", "ada@gmail.com"),
        ("a.d.a@example.com", "a.d.a@example.com"), ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"), ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"), ("jürgen@example.com", "jürgen@example.com"),
        ("ju\u{308}rgen@example.com", "jürgen@example.com"), ("o'neil@example.com", "o'neil@example.com"),
        ("ada@bu\u{308}cher.example", "ada@xn--bcher-kva.example"),
        // Letters that make one character with the sign before or behind them.
        ("ada+\u{FF9E}1@example.com", "ada@example.com"), ("ada+\u{E33}@example.com", "ada@example.com"),
        ("ada+\u{EB3}x@gmail.com", "ada@gmail.com"), ("ad\u{D4E}+1@example.com", "ad\u{D4E}@example.com"),
        ("a.\u{FF9E}da@gmail.com", "a\u{FF9E}da@gmail.com"), ("a\u{D4E}.d@gmail.com", "a\u{D4E}d@gmail.com"),
    ])
    func spellingsOfOnePersonHaveOneCanonicalForm(typed: String, canonical: String) throws {
        #expect(try EmailAddress(parsing: typed).canonical == canonical)
    }

    @Test(arguments: [
        "", "ada", "@", "ada@", "@example.com", "ada@example", "ada@@example.com", "a@b@example.com",
        "ada@exa mple.com", "a da@example.com", ".ada@example.com", "ada.@example.com", "a..da@example.com",
        "ada@-example.com", "ada@example-.com", "ada@.example.com", "ada@example..com", "ada@example.com.",
        "+tag@example.com", "...@gmail.com", "ada@127.0.0.1", "ada@[127.0.0.1]", "\"ada\"@example.com",
        "ada\u{0}@example.com", "ada\u{202E}@example.com", "ada\u{200B}@example.com", "ada@exa\u{200B}mple",
        "ada@xn--\u{0}.com", "ada+\u{301}x@gmail.com", "ada.\u{301}x@gmail.com", "\u{301}ada@example.com",
        // A letter that is written together with the dot before it.
        ".\u{FF9E}ada@example.com", "a..\u{FF9E}da@example.com",
        String(repeating: "a", count: 65) + "@example.com",
        "ada@" + String(repeating: "a", count: 64) + ".com",
        "ada@" + Array(repeating: String(repeating: "a", count: 60), count: 5).joined(separator: ".") + ".com",
    ])
    func whatIsNoAddressIsRefusedByName(text: String) {
        let error = #expect(throws: MembershipError.self) { try EmailAddress(parsing: text) }
        #expect(error?.code == .invalidEmail)
    }

    @Test func canonicalFormIsItsOwnCanonicalForm() throws {
        for _ in 0..<300 {
            let address = try EmailAddress(parsing: randomAddress())
            #expect(try EmailAddress(parsing: address.canonical).canonical == address.canonical)
        }
    }

    @Test func caseTagsAndGmailsDotsMakeNoSecondPerson() throws {
        for _ in 0..<300 {
            let address = randomAddress()
            let parts = address.split(separator: "@").map(String.init)
            var local = String(parts[0].map { Bool.random() ? Character($0.uppercased()) : $0 })
            if parts[1] == "gmail.com", local.count > 1 { local.insert(".", at: local.index(after: local.startIndex)) }
            let disguise = local + "+" + randomWord() + "@" + parts[1].uppercased()
            #expect(try EmailAddress(parsing: disguise) == EmailAddress(parsing: address))
        }
    }

    private func randomAddress() -> String {
        let domains = ["gmail.com", "example.com", "bücher.example", "a-b.co.uk", "ñandú.example", "日本.example"]
        return randomWord() + (Bool.random() ? "_" + randomWord() : "") + "@" + (domains.randomElement() ?? "")
    }

    private func randomWord() -> String {
        String((0..<Int.random(in: 1...9)).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() ?? "a" })
    }
}
