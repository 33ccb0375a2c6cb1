import TestSupport

/// What happens in a history of the gate.
enum GateCommand: Equatable {
    case say(GateModel.Saying)
    case add(GateModel.Article)
    case correct(GateModel.Article)
    case signUp(email: String, zone: String, visitor: String?, withTrial: Bool)
    case start(email: String, plan: GateModel.Plan, periods: Int)
    case pay(email: String, plan: GateModel.Plan)
    case cancel(email: String, now: Bool)
    case suspend(email: String)
    case reinstate(email: String)
    case give(email: String, GateModel.Right)
    case void(email: String, gift: Int)
    case open(GateModel.Reader, String)
    case runJobs
}

extension GateModel {
    static let visitors: [Reader] = [
        .visitor("visitor-of-berlin-0001", zone: "UTC"), .visitor("visitor-of-mumbai-0002", zone: "Asia/Kolkata"),
    ]
    private static let emails = ["ada@example.com", "bea@example.com", "cleo@example.com"]
    private static let zones = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"]
    private static let targets = [
        "default", "title:golem", "title:heise", "section:golem/sport", "section:golem/politik", "article:golem/a",
        "article:golem/b", "article:heise/d",
    ]
    private static let rights = ["all-titles", "title:golem", "title:heise", "section:golem/sport"]
    private static let lateArticles = ["golem/e", "heise/f"]

    /// Every reader there can be by now.
    var readers: [Reader] { [.anonymous] + GateModel.visitors + accounts.map { .account($0.email) } }

    /// What can happen now. Without a meter from the beginning, few would ever use theirs up.
    func command(_ numbers: inout SeededNumbers) -> GateCommand {
        let start = now - 60 * GateModel.day
        if sayings.isEmpty {
            let terms = Saying.Words.terms(access: "metered", freeFor: nil, freeAfter: nil, requires: [])
            return .say(Saying(target: "default", from: start, until: nil, words: terms))
        }
        if sayings.count == 1 {
            let meter = Saying.Words.meter(anonymous: 1 + numbers.below(2), registered: 1 + numbers.below(2))
            return .say(Saying(target: "default", from: start, until: nil, words: meter))
        }
        for _ in 0..<20 { if let command = attempt(&numbers) { return command } }
        return .runJobs
    }

    private func attempt(_ numbers: inout SeededNumbers) -> GateCommand? {
        let account = accounts.isEmpty ? nil : numbers.pick(accounts)
        switch numbers.below(100) {
        case ..<22: return .say(saying(&numbers))
        case ..<25:
            guard let key = GateModel.lateArticles.first(where: { key in !articles.contains { $0.key == key } }) else {
                return nil
            }
            return .add(
                Article(key: key, section: numbers.pick(["sport", nil]), published: moment(&numbers)))
        case ..<30:
            var article = numbers.pick(articles.filter { !$0.key.hasSuffix("-anchor") })
            if numbers.chance(60) { article.published = moment(&numbers) }
            if numbers.chance(60) { article.section = numbers.pick(["sport", "politik", nil]) }
            return .correct(article)
        case ..<40:
            guard let email = GateModel.emails.first(where: { email in !accounts.contains { $0.email == email } })
            else {
                return nil
            }
            var visitor: String?
            if numbers.chance(60), case .visitor(let id, _) = numbers.pick(GateModel.visitors) { visitor = id }
            return .signUp(
                email: email, zone: numbers.pick(GateModel.zones), visitor: visitor, withTrial: numbers.chance(50))
        case ..<50: return .open(numbers.pick(readers.filter { $0 != .anonymous }), numbers.pick(articles).key)
        case ..<60:
            // What the meter counts.
            let reader = numbers.pick(readers.filter { $0 != .anonymous })
            let metered = articles.map(\.key).filter { answer(reader, $0, at: now)?.reason == "metered" }
            return metered.isEmpty ? nil : .open(reader, numbers.pick(metered))
        case ..<96: return account.flatMap { command(for: $0, &numbers) }
        default: return .runJobs
        }
    }

    private func command(for account: Account, _ numbers: inout SeededNumbers) -> GateCommand? {
        let status = status(of: account, at: now)
        switch numbers.below(14) {
        case 0...2:
            return status == nil
                ? .start(email: account.email, plan: numbers.pick(Plan.all), periods: numbers.below(3)) : nil
        case 3, 4:
            guard status != nil, let plan = account.agreements.last?.plan else { return nil }
            return .pay(email: account.email, plan: plan)
        case 5, 12, 13:
            let immediately = numbers.chance(40)
            guard status != nil, immediately || account.agreements.last?.cancelledAt == nil else { return nil }
            return .cancel(email: account.email, now: immediately)
        case 6, 7:
            let isSuspended = account.suspensions.last.map { $0.until == nil } ?? false
            return isSuspended ? .reinstate(email: account.email) : .suspend(email: account.email)
        case 8...10:
            let from = moment(&numbers)
            return .give(
                email: account.email,
                Right(
                    source: numbers.pick(["gift", "complimentary", "group", "purchase"]),
                    name: numbers.pick(GateModel.rights), from: from,
                    until: from + 1 + Int64(numbers.below(Int(20 * GateModel.day)))))
        default:
            let standing = account.gifts.indices.filter { !account.gifts[$0].isVoid }
            return standing.isEmpty ? nil : .void(email: account.email, gift: numbers.pick(standing))
        }
    }

    private func saying(_ numbers: inout SeededNumbers) -> Saying {
        let target = numbers.pick(GateModel.targets)
        let from = numbers.chance(60) ? now : moment(&numbers)
        let until = numbers.chance(50) ? nil : from + 1 + Int64(numbers.below(Int(30 * GateModel.day)))
        let hasMeter = target == "default" || target.hasPrefix("title:")
        let words: Saying.Words
        switch numbers.below(12) {
        case 0: words = .nothing
        case 1: words = .embargo(numbers.chance(60) ? moment(&numbers) : nil)
        case 2: words = .withdrawn(numbers.chance(40))
        case 3...6 where hasMeter: words = .meter(anonymous: numbers.below(3), registered: numbers.below(4))
        default:
            let hour: Int64 = 3_600_000
            words = .terms(
                access: numbers.pick(["free", "registered", "metered", "metered", "metered", "premium"]),
                freeFor: numbers.chance(20) ? Int64(1 + numbers.below(72)) * hour : nil,
                freeAfter: numbers.chance(20) ? Int64(100 + numbers.below(700)) * hour : nil,
                requires: numbers.chance(25) ? [numbers.pick(GateModel.rights), numbers.pick(GateModel.rights)] : [])
        }
        return Saying(target: target, from: from, until: until, words: words)
    }

    /// Some moment not far from now, to the millisecond.
    func moment(_ numbers: inout SeededNumbers) -> Int64 {
        now + Int64(numbers.below(Int(50 * GateModel.day))) - 25 * GateModel.day
    }
}

// MARK: - What it comes to

extension GateModel {
    mutating func perform(_ command: GateCommand) {
        let (before, now) = (self, now)
        switch command {
        case .say(let saying): sayings.append(saying)
        case .add(let article): articles.append(article)
        case .correct(let article):
            if let index = articles.firstIndex(where: { $0.key == article.key }) { articles[index] = article }
        case .signUp(let email, let zone, let visitor, let withTrial):
            var account = Account(email: email, created: now, zone: zone, visitor: visitor, hadTrial: withTrial)
            if withTrial {
                account.agreements.append(
                    Agreement(
                        plan: Plan.all[1], began: now, trialUntil: now + Int64(GateModel.trialDays) * GateModel.day,
                        paid: 0))
            }
            accounts.append(account)
        case .start(let email, let plan, let periods):
            change(email) { $0.agreements.append(Agreement(plan: plan, began: now, paid: periods)) }
        case .pay(let email, _):
            change(email) { account in
                let last = account.agreements.count - 1
                let agreement = account.agreements[last]
                if before.end(of: agreement, account, periods: agreement.paid) <= now {
                    account.agreements[last].lateFrom.append(agreement.paid)
                }
                account.agreements[last].paid += 1
            }
        case .cancel(let email, let immediately):
            change(email) { account in
                let last = account.agreements.count - 1
                account.agreements[last].cancelledAt = account.agreements[last].cancelledAt ?? now
                if immediately { account.agreements[last].endedAt = now }
            }
        case .suspend(let email): change(email) { $0.suspensions.append((now, nil)) }
        case .reinstate(let email): change(email) { $0.suspensions[$0.suspensions.count - 1].until = now }
        case .give(let email, let right): change(email) { $0.gifts.append(right) }
        case .void(let email, let gift): change(email) { $0.gifts[gift].isVoid = true }
        case .open(let reader, let key): open(reader, key)
        case .runJobs: break
        }
    }

    private mutating func change(_ email: String, _ body: (inout Account) -> Void) {
        guard let index = accounts.firstIndex(where: { $0.email == email }) else { return }
        var account = accounts[index]
        body(&account)
        accounts[index] = account
    }

    private mutating func open(_ reader: Reader, _ key: String) {
        guard let answer = answer(reader, key, at: now), answer.reason == "metered", let meter = answer.meter else {
            return
        }
        switch reader {
        case .anonymous: break
        case .visitor(let id, _): reads.append(Read(holder: id, article: key, meter: meter.name, at: now))
        case .account(let email): reads.append(Read(holder: email, article: key, meter: meter.name, at: now))
        }
    }
}
