import Foundation
import Membership

/// Reads JSON Feed: once through for what is in it, and then item by item.
struct JSONFeedReader {
    let source: FeedSource
    let contents: FeedContents
    private let items: [JSONScanner.Place]
    private let channelAuthors: [String]

    /// Checks the whole feed.
    init(_ source: FeedSource) throws(MembershipError) {
        do {
            let scan = try source.withBytes { bytes in
                var scanner = JSONScanner(bytes)
                let (members, items) = try scanner.scanFeed(names: Set(Member.allCases.map(\.rawValue)))
                let values = try JSONFeedReader.values(members, in: bytes, of: source)
                return (values: values, items: items)
            }
            self.source = source
            try JSONFeedReader.checkVersion(scan.values.version, of: source)
            guard let items = scan.items else {
                throw source.refusal(
                    "has no list of ‘items’, so it is not a JSON Feed", remedy: "Check it with a JSON Feed validator.")
            }
            self.items = items
            let channel = JSONFeedReader.channel(scan.values)
            contents = FeedContents(format: .jsonFeed, channel: channel, entryCount: items.count)
            channelAuthors = AuthorName.list(scan.values.authorNames)
        } catch let problem as JSONScanner.Problem {
            throw problem.isTooMany
                ? FeedDocument.hasTooManyEntries(source) : source.refusal(problem.what, line: problem.line)
        } catch let error as MembershipError {
            throw error
        } catch {
            throw source.refusal("cannot be read: \(error)")
        }
    }

    fileprivate var itemCount: Int { items.count }

    /// The item at an index from 0.
    fileprivate func draft(at index: Int, _ depth: DraftDepth) throws -> PlacedDraft {
        let item = items[index]
        return PlacedDraft(position: index + 1, line: item.line, draft: try draft(of: item, depth))
    }

    private func draft(of item: JSONScanner.Place, _ depth: DraftDepth) throws -> EntryDraft {
        guard item.range.count <= FeedLimits.entryBytes else {
            return EntryDraft(rejection: Rejection(reason: "it is larger than \(FeedLimits.entryBytes >> 20) MiB"))
        }
        let json = try source.data(in: item.range)
        do {
            if depth == .identity {
                return try JSONDecoder().decode(JSONIdentity.self, from: json).draft(channel: contents.channel)
            }
            let entry = try JSONDecoder().decode(JSONEntry.self, from: json)
            return entry.draft(channel: contents.channel, channelAuthors: channelAuthors)
        } catch {
            let label = try? JSONDecoder().decode(JSONEntryLabel.self, from: json)
            return EntryDraft(
                headline: label?.text, rejection: Rejection(reason: JSONFeedReader.describe(error)))
        }
    }

    private static func describe(_ error: any Error) -> String {
        let (type, context): (Any.Type, DecodingError.Context)
        switch error {
        case DecodingError.typeMismatch(let wanted, let found): (type, context) = (wanted, found)
        case DecodingError.valueNotFound(let wanted, let found): (type, context) = (wanted, found)
        default: return "it is not Unicode text"
        }
        guard !context.codingPath.isEmpty else { return "it is not an object" }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        let wanted = type == String.self ? "text" : "\(type)".hasPrefix("Array") ? "a list" : "an object"
        return "its ‘\(path)’ is not \(wanted)"
    }
}

/// Gives out the items of a JSON Feed, one in memory at a time.
final class JSONDrafts: FeedDrafts {
    private let reader: JSONFeedReader
    private let depth: DraftDepth
    private var index = 0

    init(_ reader: JSONFeedReader, _ depth: DraftDepth) {
        self.reader = reader
        self.depth = depth
    }

    func next() throws -> PlacedDraft? {
        guard index < reader.itemCount else { return nil }
        defer { index += 1 }
        return try reader.draft(at: index, depth)
    }
}

// MARK: - Channel

extension JSONFeedReader {
    private enum Member: String, CaseIterable {
        case version, title, home_page_url, language, author, authors
    }

    private struct Values {
        var version: String?
        var title: String?
        var homePage: String?
        var language: String?
        var author: JSONAuthor?
        var authors: [JSONAuthor]?

        var authorNames: [String] { (authors ?? [author].compactMap { $0 }).compactMap(\.name) }
    }

    private static func values(
        _ members: [String: Range<Int>], in bytes: UnsafeRawBufferPointer, of source: FeedSource
    ) throws -> Values {
        func value<Value: Decodable>(_ member: Member) throws -> Value? {
            guard let range = members[member.rawValue] else { return nil }
            guard range.count <= FeedLimits.channelFieldBytes else {
                throw source.refusal("has a ‘\(member.rawValue)’ of more than \(FeedLimits.channelFieldBytes) bytes")
            }
            do {
                return try JSONDecoder().decode(Value?.self, from: Data(bytes[range]))
            } catch {
                throw source.refusal("has a ‘\(member.rawValue)’ that is not what JSON Feed has there")
            }
        }
        return Values(
            version: try value(.version), title: try value(.title), homePage: try value(.home_page_url),
            language: try value(.language), author: try value(.author), authors: try value(.authors))
    }

    private static func checkVersion(_ version: String?, of source: FeedSource) throws(MembershipError) {
        guard let version else {
            throw source.refusal(
                "is JSON, but not a JSON Feed: it has no ‘version’",
                remedy: "RSS 2.0, RSS 1.0, Atom 1.0 and JSON Feed are read.")
        }
        let prefixes = [
            "https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1", "https://www.jsonfeed.org/version/1",
        ]
        guard prefixes.contains(where: version.hasPrefix) else {
            throw source.refusal(
                "is JSON, but not a JSON Feed of version 1: its version is ‘\(FeedText.shortened(version, to: 80))’")
        }
    }

    private static func channel(_ values: Values) -> FeedChannel {
        FeedChannel(
            title: FeedText.line(values.title), homePage: WebAddress.resolve(values.homePage, against: nil),
            language: FeedText.language(values.language))
    }
}
