import Foundation
import Membership
import MembershipService

/// The letters that a trial has delivered into a folder, each a file.
struct Letters {
    let folder: String

    /// How services deliver into it.
    var options: Services.Options {
        var options = Services.Options()
        options.mail.destination = "folder:\(folder)"
        options.mail.sender = "Torture <torture@example.com>"
        return options
    }

    /// The names of the files that are there now, drafts among them.
    func names() throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

    /// The messages of a database that were delivered, by the names of the files they went to.
    static func delivered(_ services: Services) async throws -> (names: [String], undelivered: [MessageReference]) {
        var (names, undelivered) = ([String](), [MessageReference]())
        var after: MessageReference?
        repeat {
            let page = try await services.outbox.list(after: after, limit: PageLimit(PageLimit.most))
            for message in page.messages {
                if message.deliveredAt != nil, let file = message.destination {
                    names.append(URL(filePath: file).lastPathComponent)
                } else {
                    undelivered.append(message.reference)
                }
            }
            after = page.next
        } while after != nil
        return (names, undelivered)
    }

    /// What does not hold once everything has been delivered: every message is in one file that has its Message-ID, every
    /// file is of a message, and no draft is left.
    func faults(_ services: Services) async throws -> [String] {
        let files = try names()
        var faults: [String] = []
        if let draft = files.first(where: { !$0.hasSuffix(".eml") }) { faults.append("a draft is left: \(draft)") }
        let (delivered, undelivered) = try await Letters.delivered(services)
        faults += undelivered.map { "message \($0) was not delivered" }
        if delivered.sorted() != files.sorted() {
            let alien = files.subtracting(delivered).sorted().first ?? "none"
            faults.append("\(delivered.count) messages, and \(files.count) letters; of no message: \(alien)")
        }
        var seen: Set<Substring> = []
        for file in files {
            let letter = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            guard let id = letter.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("Message-ID:") }),
                seen.insert(id).inserted
            else {
                faults.append("letter \(file) has no Message-ID of its own")
                continue
            }
        }
        return faults
    }
}
