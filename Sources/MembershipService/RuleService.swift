public import Membership
import MembershipStore

/// The rules of access: what articles, sections, titles and everything say of who may read.
public struct RuleService: Sendable {
    let store: Store

    /// The rules there are, by target and time.
    ///
    /// - Parameters:
    ///   - title: only those of this title, its sections and its articles.
    ///   - moment: only those that hold at it; nil for all.
    ///   - known: as they were known then; nil for what is known now.
    ///   - withVoided: whether those are wanted too that were replaced; it goes without `known`.
    /// - Throws: ``MembershipError`` with code `unknown_title`, `invalid_input` when `known` lies ahead.
    public func list(
        title: Slug? = nil, at moment: Timestamp? = nil, knownAt known: Timestamp? = nil, withVoided: Bool = false
    ) async throws -> [AccessRule] {
        try await store.read { tx in
            if let title, try tx.title(title) == nil { throw unknownTitle(title) }
            if let known { try tx.requireKnowable(known) }
            let rules = RuleTimeline.judged(try tx.rules(title: title, asKnownAt: known, withVoided: withVoided))
            return moment.map { moment in rules.filter { $0.interval.contains(moment) } } ?? rules
        }
    }

    /// When a change of a rule holds, and why it is made.
    public struct Edit: Sendable {
        /// From when; nil for now. An earlier time corrects what is known of the past.
        public let startsAt: Timestamp?
        /// The first moment after it; nil for ever.
        public let endsAt: Timestamp?
        /// Why; it is kept with each rule that is written, taken away or replaced.
        public let reason: String?

        /// Checks an edit.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input`.
        public init(from startsAt: Timestamp? = nil, until endsAt: Timestamp? = nil, reason: String? = nil) throws {
            try startsAt?.requireWritable()
            try endsAt?.requireWritable()
            self.startsAt = startsAt
            self.endsAt = endsAt
            self.reason = try reason.map { try PlainText.reason($0) }
        }

        fileprivate func interval(at now: Timestamp) throws -> Interval {
            let start = startsAt ?? now
            if let endsAt, endsAt <= start {
                throw MembershipError(
                    .invalidInput, "The rule would end at \(endsAt), and starts at \(start).",
                    remedy: "Give an end that is later, or none.")
            }
            return Interval(from: start, until: endsAt)
        }
    }

    /// Changes what a target says during a time; what it says at other times stays.
    ///
    /// - Returns: the rules of the target after it, in the order of time.
    /// - Throws: ``MembershipError`` with code `invalid_input`, `unknown_title`, `unknown_section`, `unknown_article`,
    ///   `unknown_entitlement`.
    public func set(_ target: RuleTarget, _ change: RuleChange, _ edit: Edit) async throws -> [AccessRule] {
        guard change != RuleChange() else {
            throw MembershipError(
                .invalidInput, "Nothing is said that ‘\(target)’ is to be.",
                remedy: "Give an access, or one of the options; fortnight rule set --help names them.")
        }
        // What could be had once can be for ever, so that the long look at grants needs no place in the write.
        try await store.read { tx in
            try tx.requireKnownOrRuled(target, by: tx.rules(of: [target]))
            try tx.requireKnownForRule(change.requires ?? [])
        }
        return try await store.write { tx in
            try tx.setRule(for: target, during: edit.interval(at: tx.now), reason: edit.reason) { before in
                try change.applied(to: before)
            }
            return RuleTimeline(try tx.rules(of: [target])).rules
        }
    }

    /// Takes away what a target says during a time. A target that is not there any more may still have rules to take
    /// away.
    ///
    /// - Returns: the rules of the target that were replaced, and those after it, in the order of time.
    /// - Throws: ``MembershipError`` with code `invalid_input`, `unknown_title`, `unknown_section`, `unknown_article`.
    public func unset(
        _ target: RuleTarget, _ edit: Edit
    ) async throws -> (removed: [AccessRule], rules: [AccessRule]) {
        try await store.write { tx in
            try tx.requireKnownOrRuled(target, by: tx.rules(of: [target]))
            let removed = try tx.setRule(
                for: target, during: edit.interval(at: tx.now), reason: edit.reason
            ) { _ in nil }
            return (removed, RuleTimeline(try tx.rules(of: [target])).rules)
        }
    }

    /// What the rules make of an article, and the rule of each target that counts.
    public struct Explanation: Equatable, Sendable {
        /// The article.
        public let article: Article
        /// What the rules make of it.
        public let access: ArticleAccess
        /// The targets whose rules the access can come from, nearest first.
        public let rules: [AccessExplanation.RuleUse]
        /// The time for which this holds.
        public let at: Timestamp
        /// The earliest later moment at which the rules make something else of it, or its time comes, with no one doing
        /// anything; nil when there is none.
        public let nextChangeAt: Timestamp?
    }

    /// What the rules make of an article at a moment, as they were known at another.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_article`, `invalid_input` when `known` lies ahead.
    public func explain(
        _ reference: ArticleReference, at moment: Timestamp? = nil, knownAt known: Timestamp? = nil
    ) async throws -> Explanation {
        try await store.read { tx in
            if let known { try tx.requireKnowable(known) }
            let moment = moment ?? known ?? tx.now
            let facts = try tx.accessFacts(reader: .anonymous, article: reference, asKnownAt: known).facts
            return Explanation(
                article: facts.article, access: ArticleAccess(of: facts.article, rules: facts.rules, at: moment),
                rules: AccessExplanation(facts, at: moment).rules, at: moment,
                nextChangeAt: ArticleAccess.nextChange(of: facts.article, rules: facts.rules, after: moment))
        }
    }
}

extension ReadTransaction {
    /// The rules that articles can come by, of now.
    func rules(of articles: [Article]) throws -> [AccessRule] {
        try rules(of: Set(articles.flatMap(RuleTarget.chain(of:))).sorted { $0.name < $1.name })
    }

    /// Makes sure that what a rule is for is there.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_title`, `unknown_section`, `unknown_article`.
    func requireKnown(_ target: RuleTarget) throws {
        switch target {
        case .everything: return
        case .title(let title): guard try self.title(title) != nil else { throw unknownTitle(title) }
        case .section(let title, let section): try requireKnownSection(section, of: title)
        case .article(let key): _ = try article(.key(key))
        }
    }

    /// Makes sure that what a rule is for is there, or has been: a section is gone with its last article, and its rules
    /// stay.
    ///
    /// - Throws: ``MembershipError`` as ``requireKnown(_:)``, with the word that there is no rule either.
    func requireKnownOrRuled(_ target: RuleTarget, by standing: [AccessRule]) throws {
        guard standing.isEmpty else { return }
        do { try requireKnown(target) } catch let error as MembershipError {
            throw MembershipError(
                error.code, "\(error.message) ‘\(target)’ has no rule either.", remedy: error.remedy)
        }
    }

    /// Makes sure that a title has a section.
    func requireKnownSection(_ section: Slug, of title: Slug) throws {
        guard let known = try self.title(title) else { throw unknownTitle(title) }
        guard try hasSection(section, title: known) else {
            throw MembershipError(
                .unknownSection, "The title ‘\(title)’ has no section ‘\(section)’.",
                remedy: "fortnight article list --title \(title) shows its sections; in a rule they are in lower case, "
                    + "with hyphens.")
        }
    }

    /// Makes sure that somebody can have what a rule asks for.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_title`, `unknown_section`, `unknown_entitlement`.
    func requireKnownForRule(_ entitlements: [Entitlement]) throws {
        for entitlement in entitlements where entitlement != .allTitles {
            if let (title, section) = entitlement.section {
                try requireKnownSection(section, of: title)
            } else if let title = entitlement.title {
                guard try self.title(title) != nil else { throw unknownTitle(title) }
            } else if try !isKnown(entitlement) {
                throw MembershipError(
                    .unknownEntitlement, "No plan gives ‘\(entitlement.name)’, and nobody has been granted it.",
                    remedy:
                        "Name all-titles, title:SLUG, section:TITLE/SECTION, or one that a plan gives; fortnight plan "
                        + "list shows them.")
            }
        }
    }

    /// Makes sure that what was known at a moment can be asked.
    func requireKnowable(_ known: Timestamp) throws {
        guard known <= now else {
            throw MembershipError(
                .invalidInput, "It is \(now) now, and nobody knows what will be known at \(known).",
                remedy: "Leave --known-at out, or give an earlier time.")
        }
    }
}

extension WriteTransaction {
    /// Changes what a target says during a time.
    ///
    /// - Returns: the rules that were replaced.
    @discardableResult
    func setRule(
        for target: RuleTarget, during interval: Interval, reason: String?,
        _ change: (RuleSettings?) throws -> RuleSettings?
    ) throws -> [AccessRule] {
        let revision = try RuleTimeline(rules(of: [target])).revision(in: interval, at: now) { before in
            guard let settings = try change(before), !settings.isEmpty else { return nil }
            try settings.requireFit(for: target)
            return settings
        }
        try take(revision, for: target, reason: reason)
        return revision.voided
    }

    /// Does what a revision says has to be done.
    func take(_ revision: RuleTimeline.Revision, for target: RuleTarget, reason: String?) throws {
        try void(revision.voided, reason: reason)
        for piece in revision.written {
            let origin = revision.origin(of: piece)
            _ = try insertRule(
                for: target, piece.settings, during: piece.interval, reason: origin.map(\.reason) ?? reason,
                by: origin?.actor)
        }
    }
}
