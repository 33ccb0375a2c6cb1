import Foundation
package import Membership
import Mustache

/// The words of all letters: templates that were read and checked, ready to be filled.
package struct MailTemplates: Sendable {
    private let library: MustacheLibrary

    /// The templates that are in the program, with those of a directory in place of some.
    ///
    /// Nothing is taken unless all is well: an operator learns of a mistake when the program starts, not when a letter
    /// is due.
    ///
    /// - Parameter directory: where the operator's templates are, named as the built-in ones; nil for the built-in
    ///   ones. Files whose name begins with a dot are passed over.
    /// - Throws: ``MembershipError`` with code `unreadable_file` when the directory or a file cannot be read, and
    ///   `invalid_template` when a file has another name than a template, is not UTF-8 or too large, is not Mustache,
    ///   or names what a letter does not know. It names the file and, where there is one, the line.
    package init(directory: String?) throws(MembershipError) {
        var files = BuiltInTemplates.files
        if let directory { files.merge(try MailTemplates.replacements(in: directory)) { $1 } }
        var library = MustacheLibrary()
        for template in TemplateName.all {
            guard let bytes = files[template.fileName] else {
                throw MembershipError(.invalidTemplate, "There is no template \(template.fileName).")
            }
            library.register(try MailTemplates.parse(bytes, as: template), named: template.name)
        }
        self.library = library
    }

    /// The templates that are in the program, for an operator to start from: the name of each file, and its text.
    package static func builtIn() -> [(name: String, text: String)] {
        BuiltInTemplates.files.sorted { $0.key < $1.key }
            .map { (name: $0.key, text: String(decoding: $0.value, as: UTF8.self)) }
    }

    /// Fills the templates of a letter.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when the letter has a value that no template knows, and
    ///   `invalid_template` when its subject comes out empty.
    package func render(_ letter: Letter) throws(MembershipError) -> RenderedMail {
        let values = try MailTemplates.values(of: letter)
        let escaped = values.mapValues { value in (value as? String).map(PlainText.html) ?? value }
        func render(_ part: TemplateName.Part) -> String {
            let name = TemplateName(content: .message(letter.message), language: letter.language, part: part).name
            return library.render(part == .html ? escaped : values, withTemplate: name) ?? ""
        }
        let subject = render(.subject).trimmingCharacters(in: .whitespacesAndNewlines)
        if subject.isEmpty {
            throw MembershipError(
                .invalidTemplate,
                "The subject of \(letter.message.rawValue).\(letter.language.rawValue) comes out empty.",
                remedy: "Give it words that stand outside of any section.")
        }
        return RenderedMail(subject: subject, text: render(.text), html: render(.html))
    }

    /// The greatest size of a template's file in bytes.
    private static let largest = 256 * 1024

    private static func replacements(in directory: String) throws(MembershipError) -> [String: [UInt8]] {
        let known = Set(TemplateName.all.map(\.fileName))
        var files: [String: [UInt8]] = [:]
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() {
                if name.hasPrefix(".") { continue }
                guard known.contains(name) else {
                    throw MembershipError(
                        .invalidTemplate, "‘\(PlainText.visible(name))’ is not the name of a template.",
                        remedy: "Name it like welcome.en.text.mustache, or remove it from \(directory).")
                }
                let file = try FileHandle(forReadingFrom: URL(filePath: directory + "/" + name))
                defer { try? file.close() }
                files[name] = Array(try file.read(upToCount: largest + 1) ?? Data())
            }
        } catch let error as MembershipError {
            throw error
        } catch {
            throw MembershipError(
                .unreadableFile, "The templates in ‘\(directory)’ cannot be read: \(error.systemReason).",
                remedy: "Name a directory of files such as welcome.en.text.mustache.")
        }
        return files
    }

    private static func parse(_ bytes: [UInt8], as template: TemplateName) throws(MembershipError) -> MustacheTemplate {
        func refused(_ text: String, line: Int? = nil, remedy: String?) -> MembershipError {
            let place = template.fileName + (line.map { ", line \($0)" } ?? "")
            return MembershipError(.invalidTemplate, "\(place): \(text).", remedy: remedy)
        }
        guard bytes.count <= largest else {
            throw refused("it is larger than \(largest / 1024) KiB", remedy: "Make it smaller.")
        }
        guard var text = String(validating: LineBreak.feeds(in: bytes), as: UTF8.self) else {
            throw refused("it is not UTF-8", remedy: "Save it as UTF-8.")
        }
        if text.hasPrefix("\u{FEFF}") { text.removeFirst() }
        if template.part == .subject {
            text = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if text.contains(where: \.isNewline) {
                throw refused("a subject is one line", line: 2, remedy: "Join its lines.")
            }
        }
        let parsed: MustacheTemplate
        do {
            // Mustache would escape values for HTML by characters, and miss a sign that makes one with what stands
            // beside it.
            parsed = try MustacheTemplate(string: textMark + text)
        } catch let error as MustacheTemplate.ParserError {
            throw refused(
                flaw(error.error), line: error.context.lineNumber - 1,
                remedy: "Write it as Mustache: https://mustache.github.io")
        } catch {
            throw refused("it is not Mustache", remedy: "Write it as Mustache: https://mustache.github.io")
        }
        if let flaw = TemplateTags(text).flaw(in: template) {
            throw refused(flaw.text, line: flaw.line, remedy: flaw.remedy)
        }
        return parsed
    }

    /// A line of its own, which Mustache removes with its line break.
    private static let textMark = "{{% CONTENT_TYPE:TEXT}}\n"

    private static func flaw(_ error: any Error) -> String {
        switch error as? MustacheTemplate.Error {
        case .sectionCloseNameIncorrect: "a section is closed under another name than it was opened"
        case .expectedSectionEnd: "a section is not closed"
        default: "a tag is not closed, or has a character in it that no name has"
        }
    }

    /// What Mustache sees: no empty value, and none with a line break or another control character.
    private static func values(of letter: Letter) throws(MembershipError) -> [String: Any] {
        var values: [String: Any] = [:]
        for (key, value) in letter.values {
            guard LetterKey(rawValue: key) != nil else {
                throw MembershipError(
                    .invalidInput, "‘\(key)’ is not a key of a letter.", remedy: "See LetterKey for those that are.")
            }
            let line = SingleLine.of(value)
            if !line.isEmpty { values[key] = line }
        }
        values[LetterKey.oneDay.rawValue] = letter.values[LetterKey.days.rawValue] == "1"
        return values
    }
}
