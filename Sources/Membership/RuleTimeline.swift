/// The rules of one target in time, none over another, and what has to be voided and written to change them. Rules that
/// somebody put over each other by hand cannot be understood, any of them.
package struct RuleTimeline {
    /// The rules that stand, in the order of time.
    package let rules: [AccessRule]

    package init(_ rules: [AccessRule]) {
        self.rules = rules.map { rule in
            let over = rules.first { $0.id != rule.id && $0.interval.intersection(rule.interval) != nil }
            guard rule.settings != nil, let over else { return rule }
            return rule.unreadable("It holds beside \(over.id).")
        }.sorted { ($0.interval.startsAt, $0.id) < ($1.interval.startsAt, $1.id) }
    }

    /// Rules of any targets, in the order in which they are given: of those that stand, two of one target at one time
    /// cannot be understood.
    package static func judged(_ rules: [AccessRule]) -> [AccessRule] {
        let standing = Dictionary(grouping: rules.filter { $0.voiding == nil }, by: \.target)
        let judged = standing.values.flatMap { RuleTimeline($0).rules }
        let byID = Dictionary(uniqueKeysWithValues: judged.map { ($0.id, $0) })
        return rules.map { byID[$0.id] ?? $0 }
    }

    /// What holds during an interval.
    package struct Piece: Hashable, Sendable {
        package let interval: Interval
        package let settings: RuleSettings

        package init(_ interval: Interval, _ settings: RuleSettings) {
            self.interval = interval
            self.settings = settings
        }
    }

    /// What is to be voided, and what written in its place.
    package struct Revision: Equatable, Sendable {
        package let voided: [AccessRule]
        package let written: [Piece]

        /// Nothing is to be done.
        package static let none = Revision(voided: [], written: [])

        package var isEmpty: Bool { voided.isEmpty && written.isEmpty }

        /// The rule of which a piece that is written is the rest, and whose author and reason it keeps; nil when it is
        /// new.
        package func origin(of piece: Piece) -> AccessRule? {
            voided.first {
                $0.settings == piece.settings && $0.interval.intersection(piece.interval) == piece.interval
            }
        }
    }

    /// Changes what holds during an interval, piece by piece, and leaves what holds outside of it. A rule that cannot
    /// be understood goes as a whole, because no part of it could be written again.
    ///
    /// - Parameters:
    ///   - now: the moment of the change.
    ///   - change: what is said after what was said before; nil for no rule.
    /// - Throws: ``MembershipError`` with code `invalid_input` when it would let somebody in for a time that was not
    ///   meant, because a rule that cannot be understood goes on longer; what `change` throws.
    package func revision(
        in interval: Interval, at now: Timestamp, _ change: (RuleSettings?) throws -> RuleSettings?
    ) throws -> Revision {
        try requireWhole(interval, at: now)
        var pieces: [Piece] = []
        var reached = interval.startsAt
        for rule in rules {
            // Of rules over each other each is given the time that the one before it leaves.
            let rest = Interval(from: reached, until: interval.endsAt)
            guard let common = rule.interval.intersection(rest) else {
                if let settings = rule.settings { pieces.append(Piece(rule.interval, settings)) }
                continue
            }
            if reached < common.startsAt, let new = try change(nil) {
                pieces.append(Piece(Interval(from: reached, until: common.startsAt), new))
            }
            if let settings = rule.settings, rule.interval.startsAt < common.startsAt {
                pieces.append(Piece(Interval(from: rule.interval.startsAt, until: common.startsAt), settings))
            }
            if let new = try change(rule.settings) { pieces.append(Piece(common, new)) }
            if let settings = rule.settings, let end = common.endsAt, rule.interval.endsAt.map({ end < $0 }) ?? true {
                pieces.append(Piece(Interval(from: end, until: rule.interval.endsAt), settings))
            }
            guard let end = common.endsAt else { return revision(of: interval, to: pieces) }
            reached = end
        }
        if interval.endsAt.map({ reached < $0 }) ?? true, let new = try change(nil) {
            pieces.append(Piece(Interval(from: reached, until: interval.endsAt), new))
        }
        return revision(of: interval, to: pieces)
    }

    /// Changes what holds from a moment on to these pieces, and leaves what held before. A rule that cannot be
    /// understood goes as a whole, unless it is over.
    ///
    /// - Parameter pieces: none over another; what of them lies before the moment is left out.
    package func revision(from moment: Timestamp, to pieces: [Piece]) -> Revision {
        let ahead = Interval(from: moment, until: nil)
        let past = rules.compactMap { rule -> Piece? in
            guard let settings = rule.settings, rule.interval.startsAt < moment else { return nil }
            let end = rule.interval.hasEnded(by: moment) ? rule.interval.endsAt : moment
            return Piece(Interval(from: rule.interval.startsAt, until: end), settings)
        }
        return revision(of: ahead, to: past + RuleTimeline.clipped(pieces, to: ahead))
    }

    /// What is said of the time from a moment on that is not said yet.
    ///
    /// - Parameter pieces: none over another.
    package func difference(from moment: Timestamp, to pieces: [Piece]) -> RuleDifference {
        let ahead = Interval(from: moment, until: nil)
        let before = rules.compactMap { rule in
            rule.interval.intersection(ahead).map { (interval: $0, content: rule.content) }
        }
        let after = RuleTimeline.clipped(pieces, to: ahead)
        let intervals = before.map(\.interval) + after.map(\.interval)
        let bounds = Set([moment] + intervals.map(\.startsAt) + intervals.compactMap(\.endsAt)).sorted()
        let ends = bounds.dropFirst().map(Optional.some) + [nil]
        return RuleDifference(
            zip(bounds, ends).map { start, end in
                RuleDifference.Change(
                    interval: Interval(from: start, until: end),
                    before: before.first { $0.interval.contains(start) }?.content,
                    after: after.first { $0.interval.contains(start) }?.settings)
            })
    }

    /// Makes sure that of a rule that cannot be understood everything that is still to come is changed. What is over
    /// is told by what was known then.
    private func requireWhole(_ interval: Interval, at now: Timestamp) throws(MembershipError) {
        for rule in rules where rule.settings == nil && rule.interval.intersection(interval) != nil {
            guard let ahead = rule.interval.intersection(Interval(from: now, until: nil)),
                ahead.intersection(interval) != ahead
            else { continue }
            let end = ahead.endsAt.map { "\($0)" }
            throw MembershipError(
                .invalidInput,
                "The rule \(rule.id) of ‘\(rule.target)’ cannot be understood, and holds "
                    + "\(end.map { "until \($0)" } ?? "for ever"): no part of it can be changed alone.",
                remedy: "Give no later start than \(ahead.startsAt), and "
                    + "\(end.map { "no earlier end than \($0)" } ?? "no end"); what is to hold later can be set then.")
        }
    }

    private static func clipped(_ pieces: [Piece], to interval: Interval) -> [Piece] {
        pieces.compactMap { piece in
            piece.interval.intersection(interval).map { Piece($0, piece.settings) }
        }
    }

    /// What has to be done so that these pieces hold. A rule that cannot be understood stays when it is of another
    /// time.
    private func revision(of interval: Interval, to pieces: [Piece]) -> Revision {
        let wanted = Set(RuleTimeline.joined(pieces))
        var (voided, standing): ([AccessRule], Set<Piece>) = ([], [])
        for rule in rules {
            if let piece = rule.settings.map({ Piece(rule.interval, $0) }) {
                if wanted.contains(piece) { standing.insert(piece) } else { voided.append(rule) }
            } else if rule.interval.intersection(interval) != nil {
                voided.append(rule)
            }
        }
        return Revision(
            voided: voided,
            written: wanted.subtracting(standing).sorted { $0.interval.startsAt < $1.interval.startsAt })
    }

    /// The pieces in order, with those that say the same and touch made one.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        var joined: [Piece] = []
        for piece in pieces.sorted(by: { $0.interval.startsAt < $1.interval.startsAt }) {
            if let last = joined.last, last.settings == piece.settings, last.interval.endsAt == piece.interval.startsAt
            {
                joined[joined.count - 1] = Piece(
                    Interval(from: last.interval.startsAt, until: piece.interval.endsAt), piece.settings)
            } else {
                joined.append(piece)
            }
        }
        return joined
    }
}
