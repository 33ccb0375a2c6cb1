import Foundation
import Testing

@testable import MembershipFeeds

struct WebAddressTests {
    @Test(arguments: [
        ("https://a.example/x%2Fy?q[]=1#f", "https://a.example/x%2Fy?q%5B%5D=1#f"),
        ("/news/1", "https://news.example/news/1"), ("2", "https://news.example/dir/2"),
        ("//cdn.example/i.png", "https://cdn.example/i.png"),
        (" HTTP://a.example/ü b\n", "HTTP://a.example/%C3%BC%20b"),
        ("https://a.example/100%", "https://a.example/100%25"), ("?page=2", "https://news.example/dir/page?page=2"),
    ])
    func webAddressesBecomeAbsolute(text: String, expected: String) {
        #expect(WebAddress.resolve(text, against: "https://news.example/dir/page") == expected)
    }

    @Test(arguments: [
        "javascript:alert(1)", "JaVa\tScRiPt:alert(1)", " \u{1}javascript:alert(1)", "java\u{0}script:alert(1)",
        "data:text/html,x", "vbscript:x", "file:///etc/passwd", "http:///path", "https:evil", "http:\\\\evil.example",
        "mailto:a@b.example", "",
    ])
    func whatABrowserWouldRunIsRefused(text: String) {
        #expect(WebAddress.resolve(text, against: nil) == nil)
    }

    @Test func anAddressThatIsTooLongIsNone() {
        let longest = "https://a.example/".padding(toLength: FeedLimits.addressBytes, withPad: "x", startingAt: 0)
        #expect(WebAddress.resolve(longest, against: nil) == longest)
        #expect(WebAddress.resolve(longest + "x", against: nil) == nil)
        #expect(WebAddress.resolve(longest.dropLast() + "ü", against: nil) == nil)
        #expect(WebAddress.resolve("y", against: longest) == "https://a.example/y")
        #expect(WebAddress.resolve("y", against: longest + "x") == nil)
        #expect(WebAddress.resolveLink("mailto:" + longest, against: nil) == nil)
    }

    @Test func mailIsForLinksAlone() {
        #expect(WebAddress.resolveLink("mailto:a@b.example", against: nil) == "mailto:a@b.example")
        #expect(WebAddress.resolveLink("javascript:a@b.example", against: "https://a.example/") == nil)
    }
}
