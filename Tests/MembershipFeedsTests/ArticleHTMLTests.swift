import Testing

@testable import MembershipFeeds

struct ArticleHTMLTests {
    private func html(_ text: String) -> String? {
        ArticleHTML(parsing: text, base: "https://news.example/a/")?.html
    }

    @Test(arguments: [
        ("<h1>T</h1>x<p>y", "<h2>T</h2><p>x</p><p>y</p>"),
        ("<div>a</div><div>b<br><br>c</div>", "<p>a</p><p>b<br><br>c</p>"),
        (
            "<a href='b?x=1&y=\"2\"' onclick=x style=y>l</a>",
            "<p><a href=\"https://news.example/a/b?x=1&amp;y=%222%22\" rel=\"nofollow noopener\">l</a></p>"
        ),
        (
            "<img src=i.png alt='a\"b' width=10 height=20px onerror=x>",
            "<p><img src=\"https://news.example/a/i.png\" alt=\"a&quot;b\" width=\"10\" height=\"20\"></p>"
        ),
        ("x<img src=i.png width=1 height=1>", "<p>x</p>"), ("<mark><h3>x</h3></mark>", "<h3><mark>x</mark></h3>"),
        ("<ul>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<table><tr><td colspan=2>a<td></table>", "<table><tr><td colspan=\"2\">a</td><td></td></tr></table>"),
        ("<li>a", "<p>a</p>"), ("<p></p><b></b>", ""), ("&lt;script&gt;", "<p>&lt;script&gt;</p>"),
        ("<pre> a\n  b</pre>", "<pre> a\n  b</pre>"), ("<li>a<div>b</div>", "<p>a</p><p>b</p>"), ("", ""),
    ])
    func whatIsAllowedIsWrittenAnew(text: String, expected: String) {
        #expect(html(text) == expected)
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "<style>p{}</style>", "<svg><script>x</script></svg>", "<iframe src=x>y</iframe>",
        "<math><mi>x</mi></math>", "<noscript><p>x</noscript>", "<template><p>x</template>", "<form><p>x</form>",
        "<object><p>x</object>", "<img src='javascript:x'>", "<img src='data:image/png;base64,AA'>", "<!-- x -->",
        "<title>x</title>", "<textarea><p>x</textarea>",
    ])
    func whatIsNotAllowedGoesWithItsContent(text: String) {
        #expect(html(text) == "")
        #expect(html("<p>a</p>" + text + "<p>b</p>") == "<p>a</p><p>b</p>")
    }

    @Test(arguments: [
        "java\nscript:x", "&#1;javascript:x", "&#106;avascript:x", "vbscript:x", "data:text/html,x", "\\\\x:y",
    ])
    func aLinkThatRunsLosesItsAddress(address: String) {
        let result = html("<a href=\"\(address)\">l</a>") ?? ""
        #expect(result == "<p>l</p>" || result.contains("href=\"https://news.example/"))
    }

    @Test func aCharsetInTheTextChangesNothing() {
        #expect(html("<meta charset=iso-8859-1><p>Bäume\u{0}\u{202E}</p>") == "<p>Bäume</p>")
    }

    @Test func controlCharactersGoAndLineEndsStay() {
        #expect(html("<p>a\u{202E}\u{61C}\u{200E}b\u{2028}c\u{85}\u{FEFF}d\te") == "<p>ab\nc\nd\te</p>")
        #expect(ArticleHTML(parsing: "<p>a\u{2028} b", base: nil)?.plainText == "a b")
        #expect(html("<p>\u{2028}</p>م\u{61C}") == "<p>م</p>")
    }

    @Test func blocksAreParagraphsOfThePlainText() {
        let article = ArticleHTML(parsing: "<h1>T</h1><p>a <b>b</b>\n c<br>d</p><ul><li>x<li>y</ul>", base: nil)
        #expect(article?.plainText == "T\n\na b c\nd\n\nx\n\ny")
        #expect(ArticleHTML(text: "a\nb\n\n\n<c>", base: nil)?.html == "<p>a<br>b</p><p>&lt;c&gt;</p>")
    }

    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "<div>", count: 100_000)
        #expect(html(deep + "x") == nil)
        #expect(html(String(repeating: "<ul>", count: 200) + "x") == nil)
        #expect(html(String(repeating: "<div>", count: 100) + "x") == "<p>x</p>")
    }

    @Test func tagSoupBecomesStable() {
        let tags = [
            "p", "h1", "h3", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "b", "i", "a href='/x'", "q",
            "sub",
            "table", "caption", "thead", "tr", "td", "th", "figure", "figcaption", "img src=x", "br", "hr", "div",
            "span",
            "section", "form", "svg", "script", "mark", "time", "select", "title", "body", "font", "u", "code",
        ]
        for _ in 0..<2000 {
            let soup = (0..<Int.random(in: 1...30)).map { _ -> String in
                let tag = tags.randomElement() ?? "p"
                switch Int.random(in: 0..<5) {
                case 0, 1: return "<\(tag)>"
                case 2: return "</\(tag.prefix { $0 != " " })>"
                case 3: return ["x", " ", " y ", "\n", "&amp;", "<", "&#8238;"].randomElement() ?? ""
                default: return "<\(tag)>z</\(tag.prefix { $0 != " " })>"
                }
            }.joined()
            let once = html(soup)
            let twice = once.flatMap(html)
            #expect(once == twice, "\(soup)")
            if once != twice { break }
        }
    }
}
