import Foundation
import Membership
import TestSupport

/// The gate once more, as simply as it can be said: everything that ever happened is kept in plain arrays, and every
/// question goes through all of it. Times are milliseconds since 1970, UTC; names are those of the command line.
struct GateModel {
    struct Article: Equatable {
        var key: String
        var section: String?
        var published: Int64

        var title: String { String(key.prefix { $0 != "/" }) }
        /// Nearest first.
        var targets: [String] {
            ["article:\(key)"] + (section.map { ["section:\(title)/\($0)"] } ?? []) + ["title:\(title)", "default"]
        }
    }

    /// What somebody once said of a target: later words go over earlier ones.
    struct Saying: Equatable {
        enum Words: Equatable {
            case nothing
            case terms(access: String, freeFor: Int64?, freeAfter: Int64?, requires: [String])
            case embargo(Int64?)
            case withdrawn(Bool)
            case meter(anonymous: Int, registered: Int)
        }

        var target: String
        var from: Int64
        var until: Int64?
        var words: Words
    }

    struct Right: Equatable {
        var source: String
        var name: String
        var from: Int64
        var until: Int64?
        var isVoid = false

        func holds(_ moment: Int64) -> Bool { !isVoid && from <= moment && until.map { moment < $0 } ?? true }
        func isOver(_ moment: Int64) -> Bool { !isVoid && until.map { $0 <= moment } ?? false }
    }

    struct Plan: Equatable {
        var name: String
        var gives: String
        var amount: Int64

        static let all = [
            Plan(name: "golem-only", gives: "title:golem", amount: 499),
            Plan(name: "membership", gives: "all-titles", amount: 999),
        ]
        static let grace: Int64 = 7 * day
    }

    /// Periods are months by the calendar of the account.
    struct Agreement: Equatable {
        var plan: Plan
        var began: Int64
        var trialUntil: Int64?
        var paid: Int
        /// How many were paid for when a payment came late, after the last of them: a right of its own begins there.
        var lateFrom: [Int] = []
        var cancelledAt: Int64?
        var endedAt: Int64?
    }

    struct Account: Equatable {
        var email: String
        var created: Int64
        var zone: String
        var visitor: String?
        var hadTrial: Bool
        var agreements: [Agreement] = []
        var gifts: [Right] = []
        var suspensions: [(from: Int64, until: Int64?)] = []

        static func == (left: Account, right: Account) -> Bool { left.email == right.email }
    }

    enum Reader: Hashable {
        case anonymous
        case visitor(String, zone: String)
        case account(String)
    }

    struct Read: Equatable {
        var holder: String
        var article: String
        var meter: String
        var at: Int64
    }

    static let day: Int64 = 86_400_000
    static let trialDays = 14

    var now: Int64
    var articles: [Article] = []
    var sayings: [Saying] = []
    var accounts: [Account] = []
    var reads: [Read] = []
}

/// What is answered, in words that the model and the program share.
struct GateAnswer: Equatable {
    var reason: String
    var allowed = false
    var source: String?
    var until: Int64?
    var since: Int64?
    var meter: Meter?
    var missing: [String] = []
    var plans: [String] = []
    var trialDays: Int?
    var steps: [String] = []
    var next: Int64?
    var wait: Int64?

    struct Meter: Equatable {
        var name: String
        var allowance: Int
        var spent: Int
        var resets: Int64
    }
}

// MARK: - The answer

extension GateModel {
    func answer(_ reader: Reader, _ key: String, at moment: Int64) -> GateAnswer? {
        guard let article = articles.first(where: { $0.key == key }) else { return nil }
        // Nobody reads anything after the moment.
        let known = reads.filter { $0.at <= moment }
        var answer = verdict(reader, article, at: moment, known)
        let first = answer
        for border in Set(borders(reader, article, after: moment)).sorted() where border > moment {
            let then = verdict(reader, article, at: border, known)
            if answer.next == nil, then != first { answer.next = border }
            if answer.wait == nil, !first.allowed, then.allowed { answer.wait = border }
            if answer.next != nil, first.allowed || answer.wait != nil { break }
        }
        return answer
    }

    private func verdict(_ reader: Reader, _ article: Article, at moment: Int64, _ reads: [Read]) -> GateAnswer {
        let rules = article.targets.map { (target: $0, rule: rule(of: $0, at: moment)) }
        if rules.contains(where: { $0.rule.isWithdrawn }) { return GateAnswer(reason: "withdrawn") }
        let out = rules.compactMap(\.rule.embargo).reduce(article.published, max)
        if moment < out { return GateAnswer(reason: "not_published") }

        let terms = rules.lazy.compactMap(\.rule.terms).first ?? Rule.Terms(access: "premium")
        let isFreeYet = terms.freeFor.map { moment < out + $0 } ?? false
        let isFreeAgain = terms.freeAfter.map { moment >= out + $0 } ?? false
        if terms.access == "free" || isFreeYet || isFreeAgain { return GateAnswer(reason: "free", allowed: true) }

        let account = account(of: reader, at: moment)
        if let suspension = account?.suspensions.first(where: {
            $0.from <= moment && $0.until.map { moment < $0 } ?? true
        }) {
            return GateAnswer(reason: "account_suspended", since: suspension.from)
        }
        let wanted =
            terms.requires.isEmpty ? ["all-titles", "title:\(article.title)"] : Array(Set(terms.requires)).sorted()
        let rights = (account.map(rights(of:)) ?? []).filter { wanted.contains($0.name) }
        let open = rights.filter { $0.holds(moment) }
        if let longest = open.first(where: { $0.until == nil }) ?? open.max(by: { $0.until ?? 0 < $1.until ?? 0 }) {
            return GateAnswer(reason: "entitled", allowed: true, source: longest.source, until: longest.until)
        }
        if terms.access == "registered", account != nil { return GateAnswer(reason: "registered", allowed: true) }

        var meter: GateAnswer.Meter?
        if terms.access == "metered", let holder = holder(reader, account) {
            let found = rules.first { $0.rule.meter != nil }
            let allowance = found?.rule.meter.map { account == nil ? $0.anonymous : $0.registered } ?? 0
            let name = found?.target ?? "default"
            let (begin, end) = month(of: moment, in: holder.zone)
            let mine = reads.filter { read in
                read.at >= begin && read.at < end && read.at <= moment
                    && (read.holder == holder.names[0]
                        || holder.names.contains(read.holder) && holder.linked.contains(read.at))
            }
            let spent = Set(mine.filter { $0.meter == name }.map(\.article)).count
            let state = GateAnswer.Meter(name: name, allowance: allowance, spent: spent, resets: end)
            if mine.contains(where: { $0.article == article.key }) {
                return GateAnswer(reason: "opened_before", allowed: true, until: end, meter: state)
            }
            if spent < allowance { return GateAnswer(reason: "metered", allowed: true, meter: state) }
            if allowance > 0 { meter = state }
        }
        return denial(reader, account, wanted, rights, meter, at: moment)
    }

    /// Why not, and what would help.
    private func denial(
        _ reader: Reader, _ account: Account?, _ wanted: [String], _ rights: [Right], _ meter: GateAnswer.Meter?,
        at moment: Int64
    ) -> GateAnswer {
        guard let account else {
            // Whoever asks about a time before she signed up has had her trial all the same.
            var trialDays = GateModel.trialDays
            if case .account(let email) = reader, accounts.contains(where: { $0.email == email && $0.hadTrial }) {
                trialDays = 0
            }
            return GateAnswer(
                reason: meter == nil ? "sign_up_required" : "meter_exhausted", meter: meter, trialDays: trialDays,
                steps: ["sign_up", "sign_in"])
        }
        let last = rights.filter { $0.isOver(moment) }.max { $0.until ?? 0 < $1.until ?? 0 }
        let status = status(of: account, at: moment)
        var answer = GateAnswer(reason: "subscription_required", meter: meter, missing: wanted)
        if meter != nil {
            answer.reason = "meter_exhausted"
        } else if last?.source == "trial" {
            (answer.reason, answer.since) = ("trial_ended", last?.until)
        } else if last?.source == "grace" {
            (answer.reason, answer.since) = ("payment_overdue", last?.until)
        } else if last?.source == "subscription" {
            (answer.reason, answer.since) = ("subscription_lapsed", last?.until)
        } else if self.rights(of: account).contains(where: { $0.holds(moment) }) {
            answer.reason = "entitlement_missing"
        }
        answer.plans = Plan.all.filter { wanted.contains($0.gives) }.map(\.name)
        if status != nil {
            if !answer.plans.isEmpty { answer.steps = ["change_plan"] }
        } else {
            if !account.hadTrial { (answer.trialDays, answer.steps) = (GateModel.trialDays, ["start_trial"]) }
            if !answer.plans.isEmpty { answer.steps.append("subscribe") }
        }
        return answer
    }

    /// Every moment that has anything to do with it.
    private func borders(_ reader: Reader, _ article: Article, after moment: Int64) -> [Int64] {
        var borders = [article.published]
        var (outs, spans): ([Int64], [Int64]) = ([article.published], [])
        for saying in sayings where article.targets.contains(saying.target) {
            borders += [saying.from] + (saying.until.map { [$0] } ?? [])
            switch saying.words {
            case .embargo(let until?): outs.append(until)
            case .terms(_, let freeFor, let freeAfter, _): spans += [freeFor, freeAfter].compactMap(\.self)
            case .embargo(nil), .nothing, .withdrawn, .meter: break
            }
        }
        borders += outs + outs.flatMap { out in spans.map { out + $0 } }
        switch reader {
        case .anonymous: break
        case .visitor(_, let zone): borders.append(month(of: moment, in: zone).end)
        case .account(let email):
            for account in accounts where account.email == email {
                borders += [account.created, month(of: moment, in: account.zone).end]
                borders += account.suspensions.flatMap { [$0.from] + ($0.until.map { [$0] } ?? []) }
                borders += rights(of: account).flatMap { [$0.from] + ($0.until.map { [$0] } ?? []) }
            }
        }
        return borders
    }
}

// MARK: - What the facts come to

extension GateModel {
    struct Rule {
        struct Terms {
            var access: String
            var freeFor: Int64?
            var freeAfter: Int64?
            var requires: [String] = []
        }

        var terms: Terms?
        var embargo: Int64?
        var isWithdrawn = false
        var meter: (anonymous: Int, registered: Int)?
    }

    private func rule(of target: String, at moment: Int64) -> Rule {
        var rule = Rule()
        for saying in sayings
        where saying.target == target && saying.from <= moment && saying.until.map({ moment < $0 }) ?? true {
            switch saying.words {
            case .nothing: rule = Rule()
            case .terms(let access, let freeFor, let freeAfter, let requires):
                rule.terms = .init(access: access, freeFor: freeFor, freeAfter: freeAfter, requires: requires)
            case .embargo(let until): rule.embargo = until
            case .withdrawn(let isWithdrawn): rule.isWithdrawn = isWithdrawn
            case .meter(let anonymous, let registered): rule.meter = (anonymous, registered)
            }
        }
        return rule
    }

    private func account(of reader: Reader, at moment: Int64) -> Account? {
        guard case .account(let email) = reader else { return nil }
        return accounts.first { $0.email == email && $0.created <= moment }
    }

    /// Whose reads count, her own first; those of the visitor she was count up to when she signed up, and from when
    /// somebody else had signed up as the same.
    private func holder(
        _ reader: Reader, _ account: Account?
    ) -> (names: [String], linked: ClosedRange<Int64>, zone: String)? {
        switch reader {
        case .anonymous: return nil
        case .visitor(let id, let zone): return ([id], 0...0, zone)
        case .account:
            guard let account else { return nil }
            let earlier = accounts.filter { $0.visitor == account.visitor && $0.created < account.created }
            let first = earlier.map { $0.created + 1 }.max() ?? 0
            return ([account.email, account.visitor ?? account.email], first...account.created, account.zone)
        }
    }

    func month(of moment: Int64, in zone: String) -> (begin: Int64, end: Int64) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
        let date = Date(timeIntervalSince1970: Double(moment) / 1000)
        guard let interval = calendar.dateInterval(of: .month, for: date) else { return (0, 0) }
        return (
            Int64(interval.start.timeIntervalSince1970) * 1000, Int64(interval.end.timeIntervalSince1970) * 1000
        )
    }

    /// When so many periods are over.
    func end(of agreement: Agreement, _ account: Account, periods: Int) -> Int64 {
        let calendar = ZoneCalendar(account.zone)
        let begin = agreement.trialUntil ?? agreement.began
        return periods == 0 ? begin : calendar.moment(calendar.step(calendar.wall(begin), .month, periods))
    }

    /// All that an account was ever given, as it turned out.
    func rights(of account: Account) -> [Right] {
        account.gifts
            + account.agreements.flatMap { agreement in
                let paidUntil = end(of: agreement, account, periods: agreement.paid)
                var rights: [Right] = []
                func add(_ source: String, _ from: Int64, _ until: Int64) {
                    let until = min(until, agreement.endedAt ?? until)
                    if from < until {
                        rights.append(Right(source: source, name: agreement.plan.gives, from: from, until: until))
                    }
                }
                if let trialUntil = agreement.trialUntil { add("trial", agreement.began, trialUntil) }
                var begin = agreement.trialUntil ?? agreement.began
                for periods in agreement.lateFrom + [agreement.paid] {
                    let end = end(of: agreement, account, periods: periods)
                    add("subscription", begin, end)
                    begin = end
                }
                let isFollowed = agreement.trialUntil == nil || agreement.paid > 0
                if isFollowed, agreement.cancelledAt.map({ $0 >= paidUntil }) ?? true {
                    add("grace", paidUntil, paidUntil + Plan.grace)
                }
                return rights
            }
    }

    /// What the agreement is that is not over, if nobody does anything after now.
    func status(of account: Account, at moment: Int64) -> (word: String, gives: String)? {
        guard let agreement = account.agreements.last, agreement.began <= moment else { return nil }
        if let endedAt = agreement.endedAt, endedAt <= moment { return nil }
        let paidUntil = end(of: agreement, account, periods: agreement.paid)
        let gives = agreement.plan.gives
        if let trialUntil = agreement.trialUntil {
            if moment < trialUntil { return ("trialing", gives) }
            if agreement.paid == 0 { return nil }
        }
        if moment < paidUntil { return ("active", gives) }
        if let cancelledAt = agreement.cancelledAt, cancelledAt < paidUntil { return nil }
        return moment < paidUntil + Plan.grace ? ("past_due", gives) : nil
    }
}
