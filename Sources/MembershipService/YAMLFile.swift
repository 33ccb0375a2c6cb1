import Foundation
import Membership
import Yams

/// A YAML file that says how something in the database is to be: a catalog of plans, rules of access.
///
/// It is read from the nodes of the document, so that a value is the text that stands there, and so that whatever is
/// refused is refused with its line.
struct YAMLFile: Equatable, Sendable {
    /// What messages call the file.
    let name: String
    /// What it says.
    let kind: Kind

    /// What a file says, and what its refusals look like.
    struct Kind: Equatable, Sendable {
        /// The code of whatever is refused.
        let code: MembershipError.Code
        /// `a catalog`
        let noun: String
        /// The key that it begins with.
        let firstKey: String
        /// What to do when nothing better is known: the page to read.
        let remedy: String
    }

    /// The greatest size of a file in bytes.
    static let largest = 1 << 20

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`.
    static func read(_ path: String, _ kind: Kind) throws(MembershipError) -> (file: YAMLFile, bytes: Data) {
        let file = YAMLFile(name: path == "-" ? "standard input" : path, kind: kind)
        return (file, try bytes(of: path, file))
    }

    /// The one document of the file.
    ///
    /// - Throws: ``MembershipError`` with the code of its kind.
    func root(of bytes: Data) throws(MembershipError) -> YAMLNode {
        guard bytes.count <= YAMLFile.largest else {
            throw refusal(nil, "is larger than \(YAMLFile.largest >> 20) MiB, the most that is read")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal(nil, "is not text in UTF-8")
        }
        try refuseAliases(text)
        let node: Node?
        do {
            // The library would look for the encoding in the environment, and for types with regular expressions.
            node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw refusal(error, text: text)
        } catch {
            throw refusal(nil, "is not YAML: \(error)")
        }
        guard let node, node.scalar?.string.isEmpty != true else {
            throw refusal(nil, "is empty", remedy: "Begin it with \(kind.firstKey):")
        }
        return YAMLNode(node: node, line: node.mark?.line ?? 1, file: self, label: "the file")
    }

    /// Refuses what stands in a line, or the whole file.
    func refusal(_ line: Int?, _ what: String, remedy: String? = nil) -> MembershipError {
        let place = line.map { ", line \($0): " } ?? " "
        return MembershipError(kind.code, "‘\(name)’\(place)\(what).", remedy: remedy ?? kind.remedy)
    }

    /// Runs a check of a value, and adds its line to what it complains about.
    func at<Value>(
        _ line: Int, _ what: String = "", _ check: () throws(MembershipError) -> Value
    ) throws(MembershipError) -> Value {
        do {
            return try check()
        } catch {
            throw refusal(line, error, what)
        }
    }

    /// Says where it was that a check refused something.
    func refusal(_ line: Int, _ error: MembershipError, _ what: String = "") -> MembershipError {
        MembershipError(kind.code, "‘\(name)’, line \(line): \(what)\(error.message)", remedy: error.remedy)
    }
}

// MARK: - Its bytes

extension YAMLFile {
    private static func bytes(of path: String, _ file: YAMLFile) throws(MembershipError) -> Data {
        let input = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw file.unreadable }
        defer { close(input) }
        // One byte more than is taken tells that there are too many.
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return Foundation.read(input, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw file.unreadable }
            if count == 0 { break }
            filled += count
        }
        return Data(bytes[..<filled])
    }

    private var unreadable: MembershipError {
        MembershipError(
            .unreadableFile, "‘\(name)’ cannot be read: \(String(cString: strerror(errno))).",
            remedy: "Give the path of \(kind.noun), or - for standard input.")
    }

    /// Aliases are not followed: a few lines of them can stand for more than any memory holds.
    ///
    /// An alias needs an anchor of the same name before it, so that `&` and `*` in comments do no harm.
    private func refuseAliases(_ text: String) throws(MembershipError) {
        var anchors: Set<Substring> = []
        let bytes = text.utf8
        for place in bytes.indices where [UInt8(ascii: "&"), UInt8(ascii: "*")].contains(bytes[place]) {
            let rest = text[bytes.index(after: place)...].utf8
            let name = Substring(rest.prefix { $0.isASCIILetterOrDigit(or: "_-") })
            if bytes[place] == UInt8(ascii: "&") {
                anchors.insert(name)
            } else if anchors.contains(name), !name.isEmpty {
                throw refusal(
                    text[..<place].count(where: \.isNewline) + 1, "has the alias ‘*\(name)’",
                    remedy: "Write out what it stands for.")
            }
        }
    }
}

// MARK: - The library's errors

extension YAMLFile {
    /// What the library found wrong, without the whole text that it carries.
    private func refusal(_ error: YamlError, text: String) -> MembershipError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            refusal(mark.line, "is not YAML: \(problem)")
        case .composer(_, let problem, let mark, _):
            refusal(mark.line, problem.hasPrefix("but found another") ? "begins another document" : problem)
        case .reader(let problem, let offset, _, _):
            refusal(offset.map { text.prefix($0).count(where: \.isNewline) + 1 }, "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            refusal(context.mark.line, "‘\(duplicates.first?.prefix(40) ?? "")’ stands there twice")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            refusal(nil, "cannot be read as YAML")
        }
    }
}
