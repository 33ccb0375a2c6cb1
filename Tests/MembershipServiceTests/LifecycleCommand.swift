import Foundation
import Membership

/// Something that is done to the one account of a history, or to the clock: what the model and the program both take,
/// and what a person could type.
enum LifecycleCommand: Equatable {
    case signUp(withTrial: Bool)
    case startTrial
    case extendTrial(days: Int)
    case endTrial
    case convertTrial(now: Bool)
    case start(plan: String, LifecycleModel.Paid?, anyAmount: Bool)
    case activate
    case renew
    case cancel(now: Bool)
    case resume
    case pause(until: Int64?)
    case changePlan(String, now: Bool)
    case pay(LifecycleModel.Paid, anyAmount: Bool)
    case give(LifecycleModel.Gift)
    case void(gift: Int)
    case setClock(Int64)
    case runJobs
}

// MARK: - What the model makes of it

extension LifecycleModel {
    /// Does it, and says whether it could be done. What is refused leaves everything as it was.
    mutating func perform(_ command: LifecycleCommand) -> Bool {
        let before = self
        guard attempt(command) else {
            self = before
            return false
        }
        accessWas[now] = subscriptionOpens(at: now)
        return true
    }

    private mutating func attempt(_ command: LifecycleCommand) -> Bool {
        switch command {
        case .setClock(let moment):
            guard moment >= now else { return false }
            for turn in turns(24) where turn < moment {
                for past in [turn - 1, turn] where past > now { accessWas[past] = subscriptionOpens(at: past) }
            }
            now = moment
            return true
        case .signUp(let withTrial):
            guard signedUpAt == nil else { return false }
            signedUpAt = now
            write([Deed(.accountCreated, now, .welcome)])
            if withTrial { beginTrial() }
            return true
        case .runJobs:
            runJobs()
            return true
        default:
            return signedUpAt != nil && attemptWithAccount(command)
        }
    }

    private mutating func attemptWithAccount(_ command: LifecycleCommand) -> Bool {
        switch command {
        case .startTrial:
            guard !hasHadItsTrial, closeWhatIsOver() else { return false }
            beginTrial()
            return true
        case .start(let plan, let payment, let anyAmount):
            if let payment, let earlier = paid.first(where: { $0.reference == payment.reference }) {
                return earlier == payment
            }
            return closeWhatIsOver() && start(plan, payment, anyAmount)
        case .pay(let payment, let anyAmount):
            return pay(payment, anyAmount)
        case .give(let gift):
            guard gift.until.map({ $0 > gift.from }) ?? true else { return false }
            gifts.append(gift)
            write([Deed(.grantAdded, now)])
            return true
        case .void(let number):
            guard gifts.indices.contains(number), !gifts[number].isVoid else { return false }
            gifts[number].isVoid = true
            write([Deed(.grantVoided, now)])
            return true
        default:
            return change { model, agreement, passed in model.change(&agreement, by: command, passed) }
        }
    }

    /// Of several things that are written down together the reader is told the last of which there is something to tell;
    /// nothing of a debt that is no more, and of no end when she can read on all the same, or begins anew.
    private mutating func write(_ deeds: [Deed], about agreement: Agreement? = nil, isTold: Bool = true) {
        happened += deeds.map { Happening(kind: $0.kind, at: $0.at) }
        guard isTold, let message = deeds.compactMap(\.message).last else { return }
        if message == .paymentOverdue && agreement?.status != .pastDue { return }
        if let agreement, message == .trialEnded || message == .accessEnded,
            gifts.contains(where: {
                !$0.isVoid && ["all-titles", agreement.offer.gives].contains($0.right) && $0.from <= now
                    && $0.until ?? .max > now
            })
        {
            return
        }
        told.append(message)
    }

    private mutating func change(
        _ body: (LifecycleModel, inout Agreement, _ passed: [Deed]) -> [Deed]?
    ) -> Bool {
        guard var agreement else { return false }
        let passed = letTimePass(&agreement, to: now)
        guard let deeds = body(self, &agreement, passed) else { return false }
        write(passed + deeds, about: agreement)
        self.agreement = agreement
        return true
    }

    /// Writes down that the last one is over, when it is. False when one is still open.
    private mutating func closeWhatIsOver() -> Bool {
        guard var last = agreement else { return true }
        let passed = letTimePass(&last, to: now)
        guard last.isOver else { return false }
        write(passed, about: last, isTold: false)
        agreement = last
        return true
    }

    private mutating func beginTrial() {
        guard let offer = offer("membership") else { return }
        hasHadItsTrial = true
        let end = now + Int64(offer.trialDays) * LifecycleModel.day
        agreement = Agreement(offer: offer, status: .trialing, trialStart: now, trialEnd: end)
        write([Deed(.trialStarted, now)])
    }

    private mutating func start(_ plan: String, _ payment: Paid?, _ anyAmount: Bool) -> Bool {
        guard let offer = offer(plan) else { return false }
        var new = Agreement(offer: offer, status: .active)
        if let payment {
            guard isRight(payment, anyAmount, for: new), settle(&new, payment.periods) else { return false }
            paid.append(payment)
        }
        begin(0, of: &new, at: now)
        if new.settled == 0 { new.status = .pastDue }
        agreement = new
        write([Deed(.subscriptionStarted, now)] + (payment == nil ? [] : [Deed(.paymentRecorded, now)]))
        return true
    }

    /// Settles the next periods that cost something; false when there are not so many.
    private func settle(_ agreement: inout Agreement, _ periods: Int) -> Bool {
        guard let last = unsettled(periods, of: agreement)?.last else { return false }
        agreement.settled = last + 1
        return boundary(agreement.settled, of: agreement) <= LifecycleModel.lastEnd
    }

    private func isRight(_ payment: Paid, _ anyAmount: Bool, for agreement: Agreement) -> Bool {
        anyAmount || price(of: payment.periods, in: payment.money.currency, for: agreement) == payment.money.amount
    }

    private mutating func pay(_ payment: Paid, _ anyAmount: Bool) -> Bool {
        if let earlier = paid.first(where: { $0.reference == payment.reference }) { return earlier == payment }
        let done = change { model, agreement, _ in
            guard !agreement.isOver, model.isRight(payment, anyAmount, for: agreement),
                model.settle(&agreement, payment.periods)
            else { return nil }
            if agreement.status == .pastDue { agreement.status = .active }
            return [Deed(.paymentRecorded, model.now)]
        }
        if done { paid.append(payment) }
        return done
    }

    private mutating func runJobs() {
        guard var agreement else { return }
        write(letTimePass(&agreement, to: now), about: agreement)
        // Who did nothing about a trial hears of its end some days before.
        let early = LifecycleModel.reminderDays * LifecycleModel.day
        if agreement.status == .trialing, !agreement.wasReminded, agreement.settled == 0, !agreement.goesOnAfterTrial,
            !agreement.isCancelled, let start = agreement.trialStart, let end = agreement.trialEnd,
            end > now, end - now <= early, end - start > early
        {
            agreement.wasReminded = true
            write([Deed(.trialEnding, now, .trialEnding)])
        }
        self.agreement = agreement
    }
}

// MARK: - Changing an agreement

extension LifecycleModel {
    /// What is written down behind what the clock did; nil when it is refused.
    private func change(
        _ agreement: inout Agreement, by command: LifecycleCommand, _ passed: [Deed]
    ) -> [Deed]? {
        if case .renew = command { return passed.isEmpty ? nil : [] }
        guard !agreement.isOver else { return nil }
        switch command {
        case .extendTrial(let days):
            guard agreement.status == .trialing, (1...365).contains(days), let end = agreement.trialEnd else {
                return nil
            }
            agreement.trialEnd = end + Int64(days) * LifecycleModel.day
            agreement.wasReminded = false
            return [Deed(.trialExtended, now)]
        case .endTrial:
            return agreement.status == .trialing ? endTrial(&agreement, at: now) : nil
        case .convertTrial(let atOnce):
            guard agreement.status == .trialing, !agreement.goesOnAfterTrial || atOnce || agreement.isCancelled else {
                return nil
            }
            // What goes on already is not made to go on once more.
            let isNew = !agreement.goesOnAfterTrial || agreement.isCancelled
            let scheduled = isNew ? [Deed(.trialConversionScheduled, now)] : []
            agreement.goesOnAfterTrial = true
            (agreement.isCancelled, agreement.cancelledAt) = (false, nil)
            return scheduled + (atOnce ? endTrial(&agreement, at: now) : [])
        case .activate:
            return activate(&agreement)
        case .cancel(let atOnce):
            return cancel(&agreement, atOnce)
        case .resume:
            return resume(&agreement)
        case .pause(let until):
            let longest = 366 * LifecycleModel.day
            guard agreement.status == .active, !agreement.isCancelled,
                until.map({ $0 > now && $0 <= now + longest }) ?? true
            else { return nil }
            agreement.status = .paused
            (agreement.pausedAt, agreement.pausedUntil) = (now, until)
            return [Deed(.subscriptionPaused, now)]
        case .changePlan(let plan, let atOnce):
            guard let offer = offer(plan) else { return nil }
            return atOnce ? changeNow(&agreement, to: offer) : changeLater(&agreement, to: offer)
        default:
            return nil
        }
    }

    private func activate(_ agreement: inout Agreement) -> [Deed]? {
        switch agreement.status {
        case .trialing:
            guard agreement.settled == 0 else { return nil }
            agreement.settled = 1
            return endTrial(&agreement, at: now)
        case .pastDue:
            agreement.settled += 1
            agreement.status = .active
            return [Deed(.subscriptionActivated, now)]
        case .active, .paused, .canceled, .expired:
            return nil
        }
    }

    private func cancel(_ agreement: inout Agreement, _ atOnce: Bool) -> [Deed]? {
        guard !agreement.isCancelled || atOnce, agreement.status != .paused || atOnce else { return nil }
        var deeds: [Deed] = []
        if !agreement.isCancelled {
            (agreement.isCancelled, agreement.cancelledAt) = (true, now)
            deeds.append(Deed(.cancelScheduled, now, .cancelScheduled))
        }
        if atOnce { deeds += finish(&agreement, .canceled, .accessEnded, .accessEnded, at: now) }
        return deeds
    }

    private func resume(_ agreement: inout Agreement) -> [Deed]? {
        if agreement.status == .paused { return goOn(&agreement, at: now) }
        guard agreement.isCancelled else { return nil }
        (agreement.isCancelled, agreement.cancelledAt) = (false, nil)
        return [Deed(.cancelWithdrawn, now)]
    }

    private func changeLater(_ agreement: inout Agreement, to offer: Offer) -> [Deed]? {
        guard [.active, .pastDue].contains(agreement.status), let period = agreement.period,
            !hasPaidForTheChange(agreement)
        else { return nil }
        if offer == agreement.offer {
            guard agreement.change != nil else { return nil }
            agreement.change = nil
        } else {
            guard agreement.change?.offer != offer else { return nil }
            // A period that has begun keeps its plan, even when nobody has paid for it.
            agreement.change = (offer, max(agreement.settled, period + 1))
        }
        return [Deed(.planChangeScheduled, now)]
    }

    /// Periods under the plan to come are paid for: that change stands.
    private func hasPaidForTheChange(_ agreement: Agreement) -> Bool {
        agreement.change.map { agreement.settled > $0.from } ?? false
    }

    private func changeNow(_ agreement: inout Agreement, to offer: Offer) -> [Deed]? {
        guard offer != agreement.offer else { return nil }
        switch agreement.status {
        case .trialing:
            guard agreement.settled == 0 else { return nil }
            agreement.offer = offer
        case .active:
            guard let period = agreement.period, agreement.settled <= period + 1 else { return nil }
            // Nothing that costs something is given for a period that costs nothing.
            guard !agreement.offer.isFree || offer.isFree else { return nil }
            adopt(offer, from: period + 1, &agreement)
            agreement.periodWasFree = false
        case .pastDue, .paused, .canceled, .expired:
            return nil
        }
        return [Deed(.planChanged, now)]
    }
}

// MARK: - What a person would type

extension LifecycleCommand {
    private static let reader = "reader@example.com"

    /// The command line; the script around it says which database.
    var line: String {
        let reader = LifecycleCommand.reader
        let words: [String] =
            switch self {
            case .signUp(let withTrial): ["signup", reader, "--time-zone", "$ZONE"] + (withTrial ? [] : ["--no-trial"])
            case .startTrial: ["trial start", reader]
            case .extendTrial(let days): ["trial extend", reader, String(days)]
            case .endTrial: ["trial end", reader]
            case .convertTrial(let now): ["trial convert", reader] + (now ? ["--now"] : [])
            case .start(let plan, let payment, let anyAmount):
                ["subscription start", reader, "--plan", plan]
                    + (payment.map { ["--amount", $0.decimal, "--currency", $0.money.currency] + $0.options } ?? [])
                    + (anyAmount ? ["--any-amount"] : [])
            case .activate: ["subscription activate", reader, "--reason", "given"]
            case .renew: ["subscription renew", reader]
            case .cancel(let now): ["subscription cancel", reader] + (now ? ["--now"] : [])
            case .resume: ["subscription resume", reader]
            case .pause(let until):
                ["subscription pause", reader] + (until.map { ["--until", LifecycleCommand.text($0)] } ?? [])
            case .changePlan(let plan, let now):
                ["subscription change-plan", reader, plan, now ? "--now" : "--at-renewal"]
            case .pay(let payment, let anyAmount):
                ["payment record", reader, payment.decimal, payment.money.currency] + payment.options
                    + (anyAmount ? ["--any-amount"] : [])
            case .give(let gift):
                ["grant add", reader, gift.right, "--source complimentary", "--from", LifecycleCommand.text(gift.from)]
                    + (gift.until.map { ["--until", LifecycleCommand.text($0)] } ?? []) + ["--reason given"]
            case .void(let gift):
                [
                    "grant void", reader,
                    "\"$(fortnight grant list \(reader) --json | grep '\"complimentary\"' | sed -n '\(gift + 1)p'"
                        + " | grep -o 'grant_[0-9a-z]*' | head -1)\"", "--reason wrong",
                ]
            case .setClock(let moment): ["clock set", LifecycleCommand.text(moment)]
            case .runJobs: ["jobs run $job; done"]
            }
        let loop = self == .runJobs ? "for job in trial-expiry renewal trial-reminder; do " : ""
        return loop + "fortnight " + words.joined(separator: " ")
    }

    static func text(_ moment: Int64) -> String { Timestamp(milliseconds: moment).rfc3339 }
}

extension LifecycleModel.Paid {
    var decimal: String {
        Membership.Money(amountMinor: money.amount, currency: Currency(stored: money.currency)).decimal
    }
    fileprivate var options: [String] { ["--reference", reference, "--for", String(periods)] }
}
