import ArgumentParser
import Foundation
import Membership
import MembershipService

/// Questions from standard input, a line each, answered as they come: all lines that have arrived are one batch, so that
/// neither a file of a million lines nor a program that waits for each answer is slow.
struct CheckStream {
    let access: AccessService
    let console: Console
    /// Who asks on every line; nil when each line says so.
    let reader: ReaderReference?
    /// What every line asks for; nil when each line says so.
    let article: ArticleReference?
    let moment: AccessService.Moment

    /// The greatest length of a line in bytes.
    private static let longestLine = 1000

    /// - Throws: `ExitCode` when something was denied or not answered.
    func answerAll() async throws {
        var status: Int32 = 0
        var lines = LineReader(longest: CheckStream.longestLine)
        while let batch = try lines.next(upTo: AccessService.mostInBatch) {
            let questions = batch.map(question)
            let asked = questions.compactMap { try? $0.get() }
            var outcomes = try await access.check(asked, moment)[...]
            for (line, question) in zip(batch, questions) {
                let outcome: AccessService.Outcome
                switch question {
                case .success: outcome = outcomes.removeFirst()
                case .failure(let error): outcome = .failure(error)
                }
                status = ExitStatus.worse(status, try console.show(outcome, of: line))
            }
        }
        guard status == 0 else { throw ExitCode(status) }
    }

    private func question(_ line: String) -> Result<AccessService.Question, MembershipError> {
        do throws(MembershipError) {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            let wanted = (reader == nil ? 1 : 0) + (article == nil ? 1 : 0)
            guard words.count == wanted else {
                throw MembershipError(
                    .invalidInput,
                    "‘\(line.prefix(80))’ is not \(wanted == 2 ? "a reader and an article" : "one name").",
                    remedy: "Write \(wanted == 2 ? "two names" : "one name") on each line.")
            }
            let asking = if let reader { reader } else { try ReaderReference(parsing: words[0]) }
            let wantedArticle =
                if let article { article } else { try ArticleReference(parsing: words[words.count - 1]) }
            return .success(AccessService.Question(reader: asking, article: wantedArticle))
        } catch {
            return .failure(error)
        }
    }
}

/// Lines of standard input, as many at a time as have arrived.
struct LineReader {
    private let longest: Int
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    init(longest: Int) {
        self.longest = longest
    }

    /// The lines that have arrived, at least one, without empty ones; nil at the end.
    mutating func next(upTo count: Int) throws -> [String]? {
        while true {
            let lines = try complete(upTo: count)
            if !lines.isEmpty { return lines }
            guard !isAtEnd else { return nil }
            try fill()
        }
    }

    private mutating func complete(upTo count: Int) throws -> [String] {
        var lines: [String] = []
        var start = 0
        while lines.count < count {
            guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) ?? (isAtEnd ? buffer.count : nil),
                start < buffer.count
            else { break }
            guard end - start <= longest else { throw tooLong() }
            let line = String(decoding: buffer[start..<end], as: UTF8.self).trimmingCharacters(in: .whitespaces)
            if !line.isEmpty { lines.append(line) }
            start = min(end + 1, buffer.count)
        }
        buffer.removeFirst(start)
        if lines.isEmpty, buffer.count > longest { throw tooLong() }
        return lines
    }

    /// Waits for what comes next.
    private mutating func fill() throws {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = bytes.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw MembershipError(
                    .unreadableFile, "Standard input cannot be read: \(String(cString: strerror(errno))).")
            }
            isAtEnd = count == 0
            buffer.append(contentsOf: bytes[..<count])
            return
        }
    }

    private func tooLong() -> MembershipError {
        MembershipError(
            .invalidInput, "A line of standard input is longer than \(longest) bytes.",
            remedy: "Write one question on a line.")
    }
}
