import Foundation
import Membership

/// An event as JSON, with its data as the object that it is.
struct EventView: Encodable {
    let account: String
    let sequence: Int64
    let kind: String
    @ExplicitNull var subscription: String?
    let actor: String
    @ExplicitNull var reason: String?
    let data: JSONValue
    let effectiveAt: Timestamp
    let recordedAt: Timestamp

    init(_ event: Event) {
        account = event.accountID.description
        sequence = event.sequence
        kind = event.kind.rawValue
        subscription = event.subscriptionID?.description
        actor = event.actor.name
        reason = event.reason
        data = JSONValue(text: event.data)
        effectiveAt = event.effectiveAt
        recordedAt = event.recordedAt
    }
}

extension Event {
    /// The event in one line, its parts beneath those of others.
    var line: String {
        let columns = [
            (recordedAt.rfc3339, 24), ("\(accountID)/\(sequence)", 22), (kind.rawValue, 30), (actor.name, 18),
        ]
        let rest = [summary, reason.map { "(\($0))" } ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return columns.map { text, width in text + String(repeating: " ", count: max(0, width - text.count)) }
            .joined(separator: "  ") + (rest.isEmpty ? "" : "  " + rest)
    }
}

/// Any JSON, kept as it was.
enum JSONValue: Codable {
    case object([String: JSONValue])
    case array([JSONValue])
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    case null

    /// Reads JSON; what is none stays a text.
    init(text: String) {
        self = (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) ?? .text(text)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .object(let object): try container.encode(object)
        case .array(let array): try container.encode(array)
        case .text(let text): try container.encode(text)
        case .integer(let integer): try container.encode(integer)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .null: try container.encodeNil()
        }
    }
}
