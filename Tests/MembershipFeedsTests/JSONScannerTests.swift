import Foundation
import Membership
import Testing

@testable import MembershipFeeds

struct JSONScannerTests {
    @Test(arguments: [
        "01", "1.", "-", "tru", "\"\\x\"", "\"\\u12\"", "\"\t\"", "[1,]", "{\"a\":1,}", "{a:1}", "[1 2]", "'a'", "NaN",
        "\"", "+1",
    ])
    func whatIsNotJSONIsRefusedWhereverItStands(value: String) throws {
        let message = try refusal(json("{\"id\": \"1\",\n \"_x\": \(value)}"))?.message ?? ""
        #expect(message.contains(", line ") && (message.contains("not valid JSON") || message.contains("not whole")))
    }

    @Test func whatIsJSONIsTaken() throws {
        let values = #"[0, -1.5e+3, "\"\\\/\b\f\n\r\t\u00e9", true, false, null, {}, [], {"items": [{}]}, "é"]"#
        #expect(try items(json("{\"id\": \"1\", \"title\": \"t\", \"_x\": \(values)}")).count == 1)
        #expect(try items("\u{FEFF} \n" + json("")).isEmpty)
    }

    @Test func depthIsLimited() throws {
        let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        #expect(try refusal(json("{\"x\": \(deep(100_000))}"))?.message.contains("too deep") == true)
        #expect(try items(json("{\"id\": \"1\", \"title\": \"t\", \"x\": \(deep(190))}")).count == 1)
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        let bytes = try #require(json("{\"id\": \"é\"}").data(using: .isoLatin1))
        #expect(try refusal(bytes: bytes)?.message.contains("not UTF-8") == true)
    }
}
