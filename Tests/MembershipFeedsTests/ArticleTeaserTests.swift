import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipFeeds

struct ArticleTeaserTests {
    private func teaser(
        _ body: String, _ length: TeaserLength = .standard, headline: String = "Headline", summary: String? = nil,
        keyPoints: [String] = []
    ) -> ArticleTeaser {
        ArticleTeaser(
            headline: headline, summary: summary, keyPoints: keyPoints, imageURL: "https://news.example/i.png",
            bodyHTML: body, length: length)
    }

    // MARK: - The opening

    private let body = """
        <p>Alpha beta. Gamma delta.</p><p>Epsilon <b>zeta eta</b>. Theta iota.</p><p>Kappa lambda mu. Nu xi omicron.</p>\
        <p>Pi rho sigma tau upsilon phi. Chi psi omega alpha beta gamma. Delta epsilon zeta eta theta iota.</p>
        """

    @Test func anOpeningIsSoManyParagraphs() {
        #expect(teaser(body, .paragraphs(1)).openingHTML == "<p>Alpha beta. Gamma delta.</p>")
        let two = teaser(body, .paragraphs(2))
        #expect(two.openingHTML == "<p>Alpha beta. Gamma delta.</p><p>Epsilon <b>zeta eta</b>. Theta iota.</p>")
        #expect(two.openingText == "Alpha beta. Gamma delta.\n\nEpsilon zeta eta. Theta iota.")
        #expect(teaser("<h2>Of tides</h2>" + body, .paragraphs(1)).openingHTML == "<h2>Of tides</h2>")
    }

    @Test func anOpeningIsSuchAShareOfTheText() {
        #expect(teaser(body, .percent(12)).openingText == "Alpha beta.")
        #expect(teaser(body, .percent(13)).openingText == "Alpha beta. Gamma delta.")
        #expect(teaser(body, .percent(25)).openingHTML.hasSuffix("<p>Epsilon <b>zeta eta</b>.</p>"))
    }

    @Test func anOpeningIsNeverMoreThanHalf() {
        let half = teaser(body, .percent(50))
        #expect(teaser(body, .paragraphs(50)) == half && half.openingText.hasSuffix("Kappa lambda mu. Nu xi omicron."))
        #expect(
            teaser("<p>One two. Three four! Five six seven eight nine ten eleven.</p>").openingText
                == "One two. Three four!")
        // Exactly half, and one character more than half.
        #expect(teaser("<p>One.</p><p>Tw</p>", .percent(50)).openingText == "One.")
        #expect(teaser("<p>Once.</p><p>T</p>", .percent(50)).openingText.isEmpty)
    }

    @Test func noLengthGivesNoOpening() {
        for length in [TeaserLength.paragraphs(0), .percent(0), .paragraphs(-1), .percent(-1)] {
            let none = teaser("<p><img src='https://news.example/i.png'></p>" + body, length)
            #expect(none.openingHTML.isEmpty && none.openingText.isEmpty && none.headline == "Headline")
        }
    }

    @Test func aLongFirstSentenceIsCutAtAWord() {
        let long = "<p>Alpha <i>beta <a href='https://news.example/'>gamma delta</a></i> epsilon zeta eta theta</p>"
        #expect(
            teaser(long).openingHTML
                == "<p>Alpha <i>beta <a href=\"https://news.example/\" rel=\"nofollow noopener\">gamma…</a></i></p>")
        #expect(teaser(long, .percent(15)).openingHTML == "<p>Alpha…</p>")
        #expect(teaser(long, .percent(10)).openingHTML.isEmpty)
        #expect(teaser("<p>Unbelievable story</p>").openingHTML.isEmpty)
    }

    @Test func nothingFromBehindTheCutIsInTheOpening() {
        let rest = """
            <img src="https://news.example/rest.png" alt="rest" width="7"><a href="https://news.example/rest">rest</a>
            """
        for body in [
            "<p>Alpha beta. \(rest) Gamma delta epsilon zeta.</p>",
            "<p>Alpha beta.</p>\(rest)<p>Gamma delta epsilon</p>",
            "<p>Alpha beta. \(rest) gamma delta epsilon zeta</p>",
            "<table><tr><td>Alpha beta.</td><td colspan=\"3\">\(rest)Gamma delta epsilon</td></tr></table>",
            "<ul><li>Alpha beta.<ul><li>\(rest) gamma delta epsilon</li></ul></li></ul>",
        ] {
            let opening = teaser(body, .paragraphs(1))
            #expect(opening.openingText == "Alpha beta.", "\(body)")
            for word in ["rest", "img", "href", "colspan", "7"] { #expect(!opening.openingHTML.contains(word)) }
        }
    }

    @Test func anImageInFrontOfTheTextIsInTheOpening() {
        let image = "<p><img src=\"https://news.example/i.png\" alt=\"The sea.\"></p>"
        #expect(teaser(image + body, .paragraphs(1)).openingHTML == image + "<p>Alpha beta. Gamma delta.</p>")
    }

    @Test(arguments: [
        (
            "Am 3. Oktober kam er z. B. mit Dr. Meier nach Bonn. Dort blieb er, bis der Winter kam, und noch viel länger.",
            "Am 3. Oktober kam er z. B. mit Dr. Meier nach Bonn."
        ),
        ("Er sagte „Nein.“ Dann ging er fort und kam nicht wieder.", "Er sagte „Nein.“"),
        ("今天天气很好。我们去公园散步吧！明天会下雨,所以我们今天就要出门去看一看。", "今天天气很好。我们去公园散步吧！"),
        (
            "“Really?” she said. “No!” he cried, and then they went home and did not speak again.",
            "“Really?” she said. “No!”"
        ),
        ("Cafe\u{301} ole\u{301}. Und dann ging sie fort und kam nicht wieder.", "Café olé."),
    ])
    func theRulesOfSentencesHold(text: String, opening: String) {
        #expect(teaser("<p>\(text)</p>").openingText == opening)
    }

    @Test func lineBreaksAndRulesInFrontOfTheCutStay() {
        let lines = teaser("<p>One two<br><br><br><br></p><hr><p>three four. And much more text than that is.</p>")
        #expect(lines.openingHTML.hasPrefix("<p>One two") && lines.openingHTML.hasSuffix("<hr><p>three four.</p>"))
        #expect(ArticleHTML(parsing: lines.openingHTML, base: nil)?.plainText == lines.openingText)
    }

    // MARK: - Bodies that are not what an import stores

    @Test(arguments: [
        ("<p><b>One. Two and three and four", "<p><b>One.</b></p>"),
        ("<p>One two three. Four five six seven eight &am", "<p>One two three.</p>"),
        ("<script>alert('One.')</script><p onclick=x>One. Two three four five.<script>x</script>", "<p>One.</p>"),
        ("<p>One.<!-- Two. --> Three four five six.</p>", "<p>One.</p>"),
        ("<!-- <p>Zero.</p> --><p>One. Three four five six.</p><p class=\"x", "<p>One.</p>"),
        ("<![CDATA[<p>Zero.]]><p>One. Three four five six seven eight.</p>", "<p>One.</p>"),
        ("</p></div></table><td>One.</td> Two three four five", "<p>One.</p>"),
        ("<p>One.\u{0} Two three\u{202E} four five six</p>", "<p>One.</p>"),
        ("<iframe><p>Zero</iframe><p style=x>One. <a href=javascript:x>Two three four five</a>", "<p>One.</p>"),
    ])
    func aMalformedBodyGivesAValidOpening(body: String, opening: String) {
        let result = teaser(body, .percent(50))
        if body.contains("CDATA") || body.contains("</table>") {
            // What the parser makes of it is its own; it only must be no more than a beginning.
            #expect(faults(result, of: body).isEmpty)
        } else {
            #expect(result.openingHTML == opening)
        }
    }

    @Test(arguments: [
        String(repeating: "<div><ul>", count: 300) + "One. Two.", String(repeating: "<ul>", count: 200) + "One. Two.",
        "<script>One. Two.</script>", "<p class=\"One. Two.", "<textarea>One. Two.",
    ])
    func aBodyThatCannotBeReadGivesNothingButHeadlineAndImage(body: String) {
        let result = teaser(body, summary: "Something.", keyPoints: ["Else."])
        #expect(result == teaser(body, summary: nil, keyPoints: []))
        #expect(result.headline == "Headline" && result.imageURL != nil && result.openingHTML.isEmpty)
        #expect(result.summary == nil && result.keyPoints.isEmpty)
    }

    @Test(arguments: ["", " \n", "<p><img src=\"https://news.example/i.png\" alt=\"\"></p>"])
    func aBodyWithoutTextWithholdsNothing(body: String) {
        let result = teaser(body, summary: "Something.", keyPoints: ["Else."])
        #expect(result.summary == "Something." && result.keyPoints == ["Else."] && result.openingHTML.isEmpty)
    }

    // MARK: - What is beside the opening

    private let story = """
        <p>The office counts the boats.</p><p>Nobody knows why it counts them at night. The butler did it. \
        Most of the owners of the smaller boats on the eastern quay have never been asked about any of this. Why? \
        Dr. Meier of Fine Boats Inc. in Ostrey says nothing at all.</p><h3>What the register of boats says</h3>\
        <table><tr><td>5.8 m</td><td>Height</td></tr></table>
        """

    @Test(arguments: [
        "The butler did it.", "We know: The butler did it, and no one else.",
        "Nobody  knows why it counts them at\u{A0}night.",
        "Most of the owners of the smaller boats…",
        "Some say most of the owners of the smaller boats on the eastern quay",
        "the smaller boats on the eastern quay have never", "Why?", "He read ‘What the register of boats says’.",
        "Meier of Fine Boats Inc. has a boat.", "Of the smaller boats on the “eastern” quay, have",
        "the butler did it.",
        "THE BUTLER DID IT.", "WHY?", "The but\u{AD}ler did\u{2060} it.", "The butler did it\u{200B}.\u{200D}",
        "most of the own\u{200B}ers of the SMALLER boats\u{200C} on the eastern quay",
    ])
    func aSentenceThatGivesAWithheldOneAwayIsDropped(text: String) {
        let result = teaser(story, .paragraphs(1), summary: text, keyPoints: [text])
        #expect(result.summary == nil && result.keyPoints.isEmpty, "\(result)")
    }

    @Test(arguments: [
        "The office counts the boats.", "The butler sleeps. Why not?", "The butler did nothing.",
        "Waves of 5.8 m height.",
        "the owners of the smaller boats on", "Height", "Headline", "Boats Inc. has a boat.",
    ])
    func whatGivesNothingAwayStays(text: String) {
        let result = teaser(story, .paragraphs(1), summary: text, keyPoints: [text])
        #expect(result.summary == text && result.keyPoints == [text])
    }

    @Test(arguments: ["&shy;", "&#x200B;", "&zwnj;", "&zwj;", "&#x2060;", "&#x34F;", "&#xFE0F;", "&#xE0061;"])
    func whatNobodySeesInTheArticleHidesNothing(unseen: String) {
        let body = """
            <p><img src="https://news.example/i.png" alt="Der Bundeskanzler war es.">Es geht um\(unseen) Boote.</p>\
            <p>Der Bundes\(unseen)kanzler war es.\(unseen) \(unseen)Nie\(unseen)mand sagte es.</p><p>Warum wei\(unseen)ß \
            die Regierung seit dem letz\(unseen)ten Herbst davon nichts mehr?</p>
            """
        for text in [
            "Der Bundeskanzler war es.", "Wir wissen: DER BUNDESKANZLER WAR ES.", "niemand sagte es!",
            "WARUM WEISS DIE REGIERUNG SEIT DEM LETZTEN HERBST …",
        ] {
            let result = teaser(body, .paragraphs(1), summary: text, keyPoints: [text])
            #expect(result.summary == nil && result.keyPoints.isEmpty, "\(result)")
            #expect(result.openingHTML.contains("alt=\"\""))
        }
        // What is seen is told apart, and what all may know is known however it is written.
        let fine = "Es geht um Boo\u{AD}te. Der Bundeskanzler war da."
        #expect(teaser(body, .paragraphs(1), summary: fine).summary == fine)
        let headline = "DER BUNDESKANZ\u{AD}LER WAR ES."
        let known = teaser(body, .paragraphs(1), headline: headline, summary: "Der Bundeskanzler war es.")
        #expect(known.summary == "Der Bundeskanzler war es." && known.headline == headline)
    }

    @Test func onlyTheSentenceThatGivesAwayGoes() {
        let result = teaser(
            story, .paragraphs(1), summary: "Boats are counted. The butler did it.  A report.",
            keyPoints: ["The butler did it.", "A\u{A0}key  point."])
        #expect(result.summary == "Boats are counted. A report.")
        #expect(result.keyPoints == ["A\u{A0}key  point."])
    }

    @Test func aSentenceOfTheHeadlineOrTheOpeningIsNotWithheld() {
        let twice = story + "<p>The office counts the boats. And that is all there is to say.</p>"
        #expect(teaser(twice, .paragraphs(1), summary: "The office counts the boats.").summary != nil)
        let headline = "Ostrey: The butler did it. And now?"
        #expect(teaser(story, .paragraphs(1), headline: headline, summary: "The butler did it.").summary != nil)
    }

    @Test func theSentenceThatIsCutIsWithheldAsAWhole() {
        let body = "<p>Alpha beta gamma delta epsilon zeta eta theta iota.</p>"
        let cut = teaser(body, summary: "Alpha beta gamma delta epsilon zeta eta theta iota.")
        #expect(cut.openingText == "Alpha beta gamma delta…" && cut.summary == nil)
        #expect(teaser(body, summary: "Alpha beta gamma delta epsilon zeta…").summary != nil)
        #expect(teaser(body, keyPoints: ["So: epsilon zeta eta theta iota."]).keyPoints.isEmpty)
    }

    @Test func theRestOfAParagraphCountsHoweverShort() {
        let body = "<p>Alpha beta. Gamma delta</p><p>Epsilon zeta eta theta iota kappa</p>"
        let result = teaser(
            body, .percent(25), summary: "Gamma delta.", keyPoints: ["The Gamma delta", "Gamma of delta"])
        #expect(result.openingText == "Alpha beta.")
        #expect(result.summary == nil && result.keyPoints == ["Gamma of delta"])
        let cut = teaser("<p>Yesterday at noon he died.</p>", summary: "So he died. Today.")
        #expect(cut.openingText == "Yesterday at…" && cut.summary == "So he died. Today.")
        #expect(teaser("<p>Yesterday at noon he died.</p>", summary: "We hear: noon he died.").summary == nil)
    }

    @Test func whatIsWithheldInAScriptWithoutSpacesIsFoundToo() {
        let body = "<p>今天天气很好。</p><p>部长昨天在议会宣布将推迟频谱拍卖直到明年春天为止。农村优先。这是一个很长的故事。</p>"
        for text in ["农村优先。", "部长昨天在议会宣布将推迟频谱拍卖…", "据说:议会宣布将推迟频谱拍卖直到明年春天"] {
            #expect(teaser(body, .paragraphs(1), summary: text).summary == nil)
        }
        #expect(teaser(body, .paragraphs(1), summary: "部长推迟频谱拍卖。").summary != nil)
    }

    @Test(arguments: [
        ("राजा मर गया। रानी भाग गई। युद्ध सुबह शुरू हुआ। कोई मदद करने नहीं आया।", "रानी भाग गई।"),
        ("بادشاہ مر گیا۔ رانی بھاگ گئی۔ جنگ صبح شروع ہوئی۔ کوئی مدد کو نہیں آیا۔", "رانی بھاگ گئی۔"),
    ])
    func whereASentenceEndsIsKnownInOtherScripts(rest: String, sentence: String) {
        let body = "<p>The opening line is here. It goes on.</p><p>\(rest)</p>"
        let result = teaser(body, .paragraphs(1), summary: sentence, keyPoints: [sentence, "Something else."])
        #expect(result.summary == nil && result.keyPoints == ["Something else."], "\(result)")
    }

    @Test func whatAnImageOfTheOpeningSaysIsLookedAtToo() {
        let image = "<p><img src=\"https://news.example/i.png\" alt=\"A quay. The butler did it.\"></p>"
        let result = teaser(image + story, .paragraphs(1))
        #expect(
            result.openingHTML
                == "<p><img src=\"https://news.example/i.png\" alt=\"A quay.\"></p><p>The office counts the boats.</p>")
    }

    @Test func aBodyMadeToTakeLongGivesNothingAwayAndIsSoonDone() {
        let words = String(repeating: "a ", count: 400)
        let body = "<p>One.</p><p>" + String(repeating: "a b. a ", count: 20_000) + "</p>"
        let result = teaser(body, .paragraphs(1), summary: words, keyPoints: Array(repeating: words, count: 20))
        #expect(result.summary == nil && result.keyPoints.isEmpty && result.openingText == "One.")
        let marks = "<p>One.</p><p>" + String(repeating: ".)", count: 200_000) + "x</p>"
        #expect(teaser(marks, .percent(50)).openingText == "One.")
    }

    // MARK: - Every cut

    /// The article as an import would have stored it.
    private func clean(_ body: String) -> ArticleHTML? {
        ArticleHTML(parsing: body, base: nil).flatMap { ArticleHTML(parsing: $0.html, base: nil) }
    }

    /// What is wrong with an opening: it must be valid HTML whose text is a beginning of the body's, at most half of it.
    private func faults(_ teaser: ArticleTeaser, of body: String) -> [String] {
        guard let whole = clean(body), let again = ArticleHTML(parsing: teaser.openingHTML, base: nil)
        else { return ["unreadable"] }
        let text = teaser.openingText
        let isBeginning =
            whole.plainText.hasPrefix(text) || text.last == "…" && whole.plainText.hasPrefix(text.dropLast())
        let faults = [
            ("html", again.html == teaser.openingHTML), ("text", again.plainText == text), ("beginning", isBeginning),
            ("length", text.count <= whole.plainText.count / 2),
        ]
        return faults.filter { !$0.1 }.map { $0.0 }
    }

    private static let structured = """
        <h2><a href="https://news.example/h">Of <em>tides</em></a></h2><figure><img src="https://news.example/1.png" alt="1">\
        <figcaption>A caption. <a href="https://news.example/c">By her</a></figcaption></figure><p>Some <b>bold <i>and \
        more</i></b><br>lines<br><br><br>here &amp; there &lt;x&gt;.</p><ul><li>One.<ul><li>Two</li></ul></li><li><p>Three</p>\
        <p>Four</p></li></ul><dl><dt>Term</dt><dd>Text</dd></dl><table><caption>Cap</caption><thead><tr><th>A</th><th></th>\
        </tr></thead><tbody><tr><td colspan="2">B c</td><td></td></tr></tbody></table><hr><pre>  x\n\n  y z\n</pre><blockquote>\
        <p>Q<sub>1</sub></p>r</blockquote><mark><h3>Deep mark</h3></mark><p>Cafe\u{301} «Ende»&nbsp;</p><p>👩‍👩‍👧 z.</p>
        """

    @Test func everyCutOfAStructuredArticleIsValid() throws {
        let whole = try #require(ArticleHTML(parsing: ArticleTeaserTests.structured, base: nil))
        let text = whole.writtenText
        var lengths = 0
        for end in text.indices.map(text.index(after:)) where !text[text.index(before: end)].isWhitespace {
            let length = text.utf8.distance(from: text.startIndex, to: end)
            for mark in ["", "…"] {
                let cut = try #require(
                    ArticleHTML.parse(whole.html) {
                        $0.written(base: nil, upTo: ArticleCut(length: length, mark: mark))
                    })
                let again = ArticleHTML(parsing: cut.html, base: nil)
                #expect(again?.html == cut.html && again?.plainText == cut.plainText, "\(length)")
                #expect(cut.plainText == FeedText.normalized(text[..<end] + mark))
            }
            lengths += 1
        }
        #expect(lengths > 100)
    }

    @Test(arguments: 0..<4)
    func everyTeaserOfAnyArticleIsValidAndGivesNothingAway(seed: Int) {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<60 {
            let body = generatedBody(&numbers)
            guard let whole = clean(body) else { continue }
            let sentences = naiveSentences(whole.plainText)
            let beside = (0..<3).map { _ in
                (0..<numbers.below(4)).map { _ in
                    let sentence = numbers.pick(sentences + ["Something else."])
                    return numbers.chance(30) ? FeedText.shortened(sentence, to: max(2, sentence.count - 4)) : sentence
                }.joined(separator: " ")
            }
            let length = numbers.chance(50) ? TeaserLength.paragraphs(numbers.below(6)) : .percent(numbers.below(51))
            let result = teaser(body, length, headline: "H", summary: beside[0], keyPoints: Array(beside[1...]))
            let wrong = faults(result, of: body) + LeakedText.of(whole, in: result)
            #expect(wrong.isEmpty, "\(wrong) \(length) \(body)\n\(result)")
            guard wrong.isEmpty else { return }
        }
    }

    private func generatedBody(_ numbers: inout SeededNumbers) -> String {
        let tags = [
            "p", "h2", "ul", "li", "dl", "dt", "dd", "blockquote", "pre", "b", "a href='https://x.example/y'", "table",
            "tr", "td", "th", "figure", "figcaption", "img src='https://x.example/i.png' alt='An image. W1 w2 w3.'",
            "br",
            "hr", "div", "script", "caption",
        ]
        var count = 0
        return (0..<(5 + numbers.below(40))).map { _ in
            let tag = numbers.pick(tags)
            switch numbers.below(6) {
            case 0, 1: return "<\(tag)>"
            case 2: return "</\(tag.prefix { $0 != " " })>"
            case 3: return numbers.pick([" ", "\n", "&amp;", "e\u{301}", "z. B. ", "好的。", "<", "“Q.” ", "\u{A0}"])
            default:
                let words = (0..<(1 + numbers.below(14))).map { _ in
                    count += 1
                    return "w\(numbers.chance(20) ? numbers.below(9) : count)"
                }
                return words.joined(separator: " ") + numbers.pick([". ", "! ", "", " ", "?” ", "… "])
            }
        }.joined()
    }
}
