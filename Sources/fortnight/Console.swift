import Foundation
import Membership

/// Where everything that is shown goes through: lines for people, JSON for programs.
///
/// Text from feeds and names passes ``PlainText/visible(_:)`` here, so that no command can forget it.
struct Console {
    let isJSON: Bool

    /// Shows a line on standard output; line breaks in it are kept.
    func line(_ text: String = "") {
        Console.write(text, to: .standardOutput)
    }

    /// Shows HTML on standard output. What a terminal must not see is written as the reference that means the same.
    func html(_ text: String) {
        var shown = ""
        for scalar in text.unicodeScalars {
            if PlainText.isControl(scalar), scalar != "\n" {
                shown += "&#x\(String(scalar.value, radix: 16, uppercase: true));"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        line(shown)
    }

    /// Says something beside the result, on standard error.
    func note(_ text: String) {
        Console.write(text, to: .standardError)
    }

    /// Shows a JSON document on standard output, on one line when it is an item of a list.
    func document(_ value: some Encodable, onOneLine: Bool = false) throws {
        Console.write(try Console.json(value, onOneLine: onOneLine), to: .standardOutput)
    }

    /// Tells of something as a JSON document on one line of standard output. What goes on whoever hears of it does not
    /// end when nobody does.
    func event(_ value: some Encodable) {
        guard let text = try? Console.json(value, onOneLine: true) else { return }
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Says what went wrong, on standard error.
    func report(_ error: MembershipError) {
        if isJSON, let text = try? Console.json(ErrorView(error), onOneLine: true) {
            Console.write(text, to: .standardError)
        } else {
            note("fortnight: " + error.message)
            if let remedy = error.remedy { note("  " + remedy) }
        }
    }

    private static func write(_ text: String, to handle: FileHandle) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { PlainText.visible(String($0)) }
        do {
            var text = lines.joined(separator: "\n") + "\n"
            try handle.write(contentsOf: text.withUTF8 { Data(buffer: $0) })
        } catch  where handle == .standardError {
            // What is said beside the result is of no use to whoever does not read it, and ends nothing.
        } catch {
            // A result that nobody gets must not look like one that somebody got.
            let complaint = "fortnight: The result cannot be written: \(error.systemReason).\n"
            try? FileHandle.standardError.write(contentsOf: Data(complaint.utf8))
            exit(ExitStatus.outputLost)
        }
    }

    /// Keys in snake case and in order. The encoder escapes C0; what else a terminal must not see is escaped here,
    /// where it can only stand inside a string.
    static func json(_ value: some Encodable, onOneLine: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if !onOneLine { encoder.outputFormatting.insert(.prettyPrinted) }
        var text = ""
        for scalar in String(decoding: try encoder.encode(value), as: UTF8.self).unicodeScalars {
            if PlainText.isControl(scalar), scalar != "\n" {
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

/// An error as JSON: `{"error": {"code": …, "message": …, "remedy": …}}`.
struct ErrorView: Encodable {
    struct Body: Encodable {
        let code: String
        let message: String
        @ExplicitNull var remedy: String?
    }

    let error: Body

    init(_ error: MembershipError) {
        self.error = Body(code: error.code.rawValue, message: error.message, remedy: error.remedy)
    }
}

/// Writes `null` for a missing value, so that every key is always there.
@propertyWrapper
struct ExplicitNull<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) {
        self.wrappedValue = wrappedValue
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}
