import Membership
import Testing

struct TeaserLengthTests {
    @Test(arguments: [
        ("2 paragraphs", TeaserLength.paragraphs(2)), ("1 paragraph", .paragraphs(1)), ("0 paragraphs", .paragraphs(0)),
        ("50 paragraphs", .paragraphs(50)), ("20%", .percent(20)), ("0%", .percent(0)), ("50%", .percent(50)),
        ("3 paragraph", .paragraphs(3)), ("3paragraphs", .paragraphs(3)), ("20 %", .percent(20)),
        ("2 Paragraphs", .paragraphs(2)),
    ])
    func lengthsAreRead(text: String, length: TeaserLength) throws {
        #expect(try TeaserLength(parsing: text) == length)
    }

    @Test func everyLengthReadsBackAsItself() throws {
        for count in 0...TeaserLength.most {
            for length in [TeaserLength.paragraphs(count), .percent(count)] {
                #expect(try TeaserLength(parsing: length.description) == length)
            }
        }
        #expect(TeaserLength.paragraphs(1).description == "1 paragraph")
        #expect(TeaserLength.standard.description == "2 paragraphs")
        #expect(TeaserLength.percent(20).description == "20%")
    }

    @Test(arguments: [
        "", " ", "2", "%", "paragraphs", "51%", "51 paragraphs", "-1%", "1.5%", "٣%", "20 percent", "2 sentences",
        "20%%",
        "99999999999999999999%", "20%\n", "%20",
    ])
    func whatIsNoLengthIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try TeaserLength(parsing: text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == "‘\(text)’ is not a length of a teaser.")
    }
}
