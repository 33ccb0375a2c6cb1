import ArgumentParser
import Membership
import MembershipService

/// Questions from standard input, a line each, answered as they come: all lines that have arrived are one batch, so
/// that neither a file of a million lines nor a program that waits for each answer is slow.
struct CheckStream {
    let access: AccessService
    let console: Console
    /// Who asks on every line; nil when each line says so.
    let reader: ReaderReference?
    /// What every line asks for; nil when each line says so.
    let article: ArticleReference?
    /// Whose months the allowance of visitors follows that lines name.
    let zone: Zone
    let moment: AccessService.Moment

    /// The greatest length of a line in bytes.
    private static let longestLine = 1000

    /// - Throws: `ExitCode` when something was denied or not answered.
    func answerAll() async throws {
        var (status, asked): (Int32, Bool) = (0, false)
        var lines = LineReader(longest: CheckStream.longestLine)
        while let batch = try lines.next(upTo: AccessService.mostInBatch) {
            asked = asked || !batch.isEmpty
            let questions = batch.map(question)
            var outcomes = try await access.check(questions.compactMap { try? $0.get() }, moment)[...]
            for (line, question) in zip(batch, questions) {
                let outcome: AccessService.Outcome
                switch question {
                case .success: outcome = outcomes.removeFirst()
                case .failure(let error): outcome = .failure(error)
                }
                status = ExitStatus.worse(status, try console.show(outcome, of: line.text))
            }
        }
        // Who asks nothing, because what was to ask has ended before, must not look like one who was let in.
        guard asked else {
            throw MembershipError(
                .invalidInput, "There was no question on standard input.", remedy: "Write one on each line.")
        }
        guard status == 0 else { throw ExitCode(status) }
    }

    private func question(_ line: LineReader.Line) -> Result<AccessService.Question, MembershipError> {
        do throws(MembershipError) {
            guard !line.isTooLong else {
                throw MembershipError(
                    .invalidInput, "The line ‘\(line.text)…’ is longer than \(CheckStream.longestLine) bytes.",
                    remedy: "Write one question on a line.")
            }
            let words = line.text.split { $0 == " " || $0 == "\t" }.map(String.init)
            let wanted = (reader == nil ? 1 : 0) + (article == nil ? 1 : 0)
            guard words.count == wanted else {
                throw MembershipError(
                    .invalidInput,
                    "‘\(line.text.prefix(80))’ is not \(wanted == 2 ? "a reader and an article" : "one name").",
                    remedy: "Write \(wanted == 2 ? "two names" : "one name") on each line.")
            }
            let asking = if let reader { reader } else { try named(words[0]) }
            let wantedArticle =
                if let article { article } else { try ArticleReference(parsing: words[words.count - 1]) }
            return .success(AccessService.Question(reader: asking, article: wantedArticle))
        } catch {
            return .failure(error)
        }
    }

    private func named(_ word: String) throws(MembershipError) -> ReaderReference {
        let reader = try ReaderReference(parsing: word)
        return if case .visitor(let id, _) = reader { .visitor(id, zone: zone) } else { reader }
    }
}
