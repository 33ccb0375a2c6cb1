import Foundation
import Membership

/// The rules of access as one YAML file says they are to be; see docs/rules.md.
struct RuleFile: Equatable, Sendable {
    /// In the order of the file, each target once.
    let entries: [Entry]
    /// The file they stand in.
    let file: YAMLFile

    /// A target as the file has it.
    struct Entry: Equatable, Sendable {
        let target: RuleTarget
        /// Where it begins, counted from 1.
        let line: Int
        /// What is said of it, in the order of time, none over another; nothing for no rule.
        let pieces: [Piece]
    }

    /// What is said of a time.
    struct Piece: Equatable, Sendable {
        let line: Int
        /// Nil for as long as the file holds.
        let startsAt: Timestamp?
        /// Nil for ever.
        let endsAt: Timestamp?
        let settings: RuleSettings
        /// The entitlements that are named, and where.
        let requires: [Requirement]
    }

    /// An entitlement that is named.
    struct Requirement: Equatable, Sendable {
        let entitlement: Entitlement
        let line: Int
    }

    /// What can be said of one target, one after another: every check of it reads them all.
    static let mostPieces = 100

    /// What its refusals say.
    private static let kind = YAMLFile.Kind(
        code: .invalidRules, noun: "a file of rules", firstKey: "rules",
        remedy: "docs/rules.md says what a file of rules is.")

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`, `invalid_rules`.
    init(path: String) throws(MembershipError) {
        let (file, bytes) = try YAMLFile.read(path, RuleFile.kind)
        try self.init(bytes, of: file)
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_rules`.
    init(_ bytes: Data, name: String) throws(MembershipError) {
        try self.init(bytes, of: YAMLFile(name: name, kind: RuleFile.kind))
    }

    private init(_ bytes: Data, of file: YAMLFile) throws(MembershipError) {
        var fields = try file.root(of: bytes).fields()
        let rules = try fields.take("rules")
        try fields.refuseOthers(known: ["rules"])
        self.file = file
        entries = try rules.entries().map { key, value throws(MembershipError) in
            let target = try key.value { name throws(MembershipError) in try RuleTarget(parsing: name) }
            return Entry(target: target, line: key.line, pieces: try Entry.pieces(of: target, value))
        }
    }
}

extension RuleFile.Entry {
    /// One mapping, or a list of them; an empty mapping is no rule.
    fileprivate static func pieces(of target: RuleTarget, _ node: YAMLNode) throws(MembershipError) -> [RuleFile.Piece]
    {
        guard node.isList else {
            let fields = try node.fields()
            return fields.isEmpty ? [] : [try RuleFile.Piece(of: target, fields)]
        }
        let items = try node.items()
        guard !items.isEmpty else {
            throw node.file.refusal(node.line, "\(node.label) is an empty list", remedy: "Write {} for no rule.")
        }
        guard items.count <= RuleFile.mostPieces else {
            throw node.file.refusal(
                node.line, "\(node.label) says \(items.count) things, one after another",
                remedy: "Say at most \(RuleFile.mostPieces) of one target.")
        }
        let pieces = try items.map { item throws(MembershipError) in
            try RuleFile.Piece(of: target, item.fields())
        }.sorted { ($0.start, $0.line) < ($1.start, $1.line) }
        for (first, second) in zip(pieces, pieces.dropFirst()) where first.endsAt.map({ $0 > second.start }) ?? true {
            throw node.file.refusal(
                max(first.line, second.line),
                "what is said of \(target) here is for a time that line \(min(first.line, second.line)) speaks of too",
                remedy: "Give each its from and until, so that they do not overlap.")
        }
        return pieces
    }
}

extension RuleFile.Piece {
    private static let keys = [
        "access", "free_for", "free_after", "requires", "embargo_until", "withdrawn", "meter", "teaser", "from",
        "until",
    ]

    /// The first moment of which it speaks.
    var start: Timestamp { startsAt ?? Timestamp.writable.lowerBound }

    fileprivate init(of target: RuleTarget, _ fields: YAMLNode.Fields) throws(MembershipError) {
        var fields = fields
        let (file, line) = (fields.file, fields.line)
        try fields.refuseOthers(known: RuleFile.Piece.keys)
        self.line = line
        startsAt = try fields.takeIfThere("from")?.moment()
        let until = fields.takeIfThere("until")
        endsAt = try until?.moment()
        if let endsAt, let startsAt, endsAt <= startsAt {
            throw file.refusal(
                until?.line ?? line, "the rule of \(target) ends at \(endsAt), and starts at \(startsAt)",
                remedy: "Give an end that is later, or none.")
        }
        requires = try fields.takeIfThere("requires")?.requirements() ?? []
        let terms = try fields.terms(requires: requires.map(\.entitlement), of: target)
        let settings = RuleSettings(
            terms: terms, embargoUntil: try fields.takeIfThere("embargo_until")?.moment(),
            isWithdrawn: try fields.takeIfThere("withdrawn")?.flag() ?? false,
            meter: try fields.takeIfThere("meter")?.allowance(),
            teaser: try fields.takeIfThere("teaser")?.value { text throws(MembershipError) in
                try TeaserLength(parsing: text)
            })
        guard !settings.isEmpty else {
            throw file.refusal(
                line, "what is said of \(target) says nothing",
                remedy: "Give an access or another key, leave its time out, or write {} in place of all for no rule.")
        }
        try file.at(line) { () throws(MembershipError) in try settings.requireFit(for: target) }
        self.settings = settings
    }
}

extension YAMLNode.Fields {
    /// How far it is open, from when, and with what.
    fileprivate mutating func terms(
        requires: [Entitlement], of target: RuleTarget
    ) throws(MembershipError) -> AccessTerms? {
        let (access, freeFor) = (takeIfThere("access"), takeIfThere("free_for"))
        let freeAfter = takeIfThere("free_after")
        guard let access else {
            guard freeFor == nil, freeAfter == nil, requires.isEmpty else {
                throw file.refusal(
                    line, "what is said of \(target) lacks the key ‘access’",
                    remedy: "Say how far it is open when no time says otherwise: "
                        + "\(AccessLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            return nil
        }
        let level = try access.value { text throws(MembershipError) in try AccessLevel(parsing: text) }
        let (first, again) = (try freeFor?.span(), try freeAfter?.span())
        return try file.at(freeAfter?.line ?? line) { () throws(MembershipError) in
            try AccessTerms(access: level, freeFor: first, freeAfter: again, requires: requires)
        }
    }
}

extension YAMLNode {
    fileprivate func moment() throws(MembershipError) -> Timestamp {
        try value { text throws(MembershipError) in try Timestamp(rfc3339: text) }
    }

    fileprivate func span() throws(MembershipError) -> TimeSpan {
        try value { text throws(MembershipError) in try TimeSpan(parsing: text) }
    }

    /// An empty list would look as if nothing were required.
    fileprivate func requirements() throws(MembershipError) -> [RuleFile.Requirement] {
        let items = try items()
        guard !items.isEmpty else {
            throw file.refusal(
                line, "\(label) is an empty list", remedy: "Leave it out for all-titles and the title's own.")
        }
        return try items.map { item throws(MembershipError) in
            RuleFile.Requirement(entitlement: try item.entitlement(), line: item.line)
        }
    }

    fileprivate func allowance() throws(MembershipError) -> MeterAllowance {
        var fields = try fields()
        try fields.refuseOthers(known: ["anonymous", "registered"])
        let anonymous = try fields.take("anonymous").count(of: "articles")
        let registered = try fields.take("registered").count(of: "articles")
        return try file.at(line) { () throws(MembershipError) in
            try MeterAllowance(anonymous: anonymous, registered: registered)
        }
    }
}
