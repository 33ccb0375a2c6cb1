import Foundation
import MembershipMail
import Subprocess
import SystemPackage
import TestSupport

/// A mail as someone else's parser reads it: Python's.
struct ParsedMail: Decodable {
    let headers: [String]
    let date: String
    let subject: String
    /// Name and address.
    let from: [String]
    let to: [String]
    let recipients: Int
    let messageID: String
    let types: [String]
    let text: String
    let html: String
    /// What the parser did not like.
    let defects: [String]
    /// The longest line in bytes.
    let longest: Int
    /// Line feeds and carriage returns that are not CR LF.
    let bare: Int

    static func read(_ mails: [Mail]) async throws -> [ParsedMail] {
        let lines = mails.map { Data($0.rfc5322()).base64EncodedString() + "\n" }.joined()
        let result = try await Subprocess.run(
            .path(FilePath(LoopbackServer.python)), arguments: [LoopbackServer.script("parse_mail.py")],
            input: .string(lines), output: .string(limit: 1 << 26), error: .string(limit: 1 << 20))
        return try result.standardOutput.split(separator: "\n").map {
            try JSONDecoder().decode(ParsedMail.self, from: Data($0.utf8))
        }
    }
}
