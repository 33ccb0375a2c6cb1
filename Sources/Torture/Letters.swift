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

    /// The messages of a database.
    static func messages(_ services: Services) async throws -> [OutboxMessage] {
        var messages: [OutboxMessage] = []
        var after: MessageReference?
        repeat {
            let page = try await services.outbox.list(after: after, limit: PageLimit(PageLimit.most))
            messages += page.messages
            after = page.next
        } while after != nil
        return messages
    }

    /// The name of the file that a message went to, or is to go to; nil when nobody has taken it yet.
    static func name(of message: OutboxMessage) -> String? {
        message.destination.map { URL(filePath: $0).lastPathComponent }
    }

    /// What does not hold once everything has been delivered: every message is in one file that has its Message-ID, every
    /// file is of a message, and no draft is left.
    func faults(_ services: Services) async throws -> [String] {
        let files = try names()
        var faults: [String] = []
        if let draft = files.first(where: { !$0.hasSuffix(".eml") }) { faults.append("a draft is left: \(draft)") }
        let messages = try await Letters.messages(services)
        faults += messages.filter { $0.deliveredAt == nil }.map { "message \($0.reference) was not delivered" }
        let delivered = messages.compactMap(Letters.name)
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
