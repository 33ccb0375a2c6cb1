import Foundation
import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// Where openings are decided before they have their turn to write: what has happened by then counts.
///
/// On the main actor, so that it is certain what waits while another transaction is under way.
@MainActor
@Suite(.enabled(if: TestEngine.isSQLite))
struct OpeningTurnTests {
    private let room: Newsroom
    private let eve: Identifier<Account>

    init() async throws {
        room = try await Newsroom()
        try await room.add(3, to: "premium", access: .premium)
        eve = try await room.services.accounts.signUp(email: email("eve@example.com")).account.id
        // A connection knows where to look when it has read once.
        #expect(try await open(1).read?.source == .trial)
    }

    private func open(_ number: Int, key: String? = nil) async throws -> AccessService.Opening {
        try await room.open("premium/a-\(number)", as: .account(.id(eve)), key: key)
    }

    /// Runs a body while a transaction is under way.
    private func during<Result>(
        _ store: Store, _ kind: WriteKind = .addition,
        _ write: @escaping @Sendable (WriteTransaction) throws -> Void = { _ in },
        _ body: () async throws -> Result
    ) async throws -> Result {
        let (isHeld, hold) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        let holder = Task {
            try await store.write(kind) { tx in
                hold.finish()
                release.wait()
                try write(tx)
            }
        }
        for await _ in isHeld {}
        let result: Result
        do {
            result = try await body()
            release.signal()
        } catch {
            release.signal()
            throw error
        }
        try await holder.value
        return result
    }

    /// What a task does up to its first pause is done when another has its turn.
    private func othersHaveTheirTurn() async {
        for _ in 0..<100 { await Task.yield() }
    }

    // MARK: - Those who are let in

    enum Writer: CaseIterable, Sendable {
        /// In a transaction before that of the opening.
        case before
        /// In the transaction that the opening shares.
        case shared
        /// With a connection of its own, as another process would.
        case other
    }

    /// Something that happens to a reader, or to an article.
    enum Change: CaseIterable, Sendable {
        case suspension, erasure, rule, voidedGrant, payment

        func make(_ account: Identifier<Account>, _ tx: WriteTransaction) throws {
            switch self {
            case .suspension: try tx.insertSuspension(of: account, reason: "Shared")
            case .erasure: try tx.sql.run("UPDATE accounts SET erased_at = created_at WHERE account_id = $1", [account])
            case .rule:
                _ = try tx.insertRule(
                    for: .everything, RuleSettings(isWithdrawn: true),
                    during: Interval(from: TestDatabase.start, until: nil), reason: nil)
            case .voidedGrant: for grant in try tx.grants(of: account) { try tx.voidGrant(grant.id, of: account) }
            case .payment: try tx.sql.run("UPDATE grants SET source = 'gift' WHERE account_id = $1", [account])
            }
        }
    }

    /// Opens an article that is decided about before a change, and recorded behind it.
    private func open(behind change: Change, by writer: Writer, as kind: WriteKind) async throws
        -> AccessService.Opening
    {
        let own = room.services.access.store
        let opening: Task<AccessService.Opening, any Error>
        let make: @Sendable (WriteTransaction) throws -> Void = { [eve] in try change.make(eve, $0) }
        switch writer {
        case .before, .other:
            opening = try await during(writer == .before ? own : room.database.store(), kind, make) {
                let opening = Task { try await open(2) }
                await othersHaveTheirTurn()
                return opening
            }
        case .shared:
            opening = try await during(own) {
                let change = Task { try await own.write(kind) { try make($0) } }
                await othersHaveTheirTurn()
                let opening = Task {
                    let opening = try await open(2)
                    try await change.value
                    return opening
                }
                await othersHaveTheirTurn()
                return opening
            }
        }
        return try await opening.value
    }

    @Test(arguments: Writer.allCases, Change.allCases)
    func whatHasHappenedSinceItWasDecidedCounts(writer: Writer, change: Change) async throws {
        func opened() async throws -> AccessService.Opening { try await open(behind: change, by: writer, as: .change) }
        if change == .erasure {
            let error = await #expect(throws: MembershipError.self) { try await opened() }
            #expect(error?.code == .accountErased)
        } else {
            let opening = try await opened()
            let reason: AccessDecision.Reason =
                switch change {
                case .suspension: .accountSuspended
                case .rule: .withdrawn
                case .voidedGrant, .erasure: .subscriptionRequired
                case .payment: .entitled
                }
            #expect(opening.answer.decision.reason == reason)
            #expect(opening.read?.source == (change == .payment ? .gift : nil))
        }
        let reads = try await room.services.reads.list(of: .account(.id(eve)), limit: PageLimit(9))
        #expect(reads.count == (change == .payment ? 2 : 1))
    }

    /// What cannot have changed the decision does not have it made again. What has not been looked at again is told by
    /// what is no addition, but said to be one.
    @Test(arguments: Writer.allCases) func behindAdditionsItStands(writer: Writer) async throws {
        let opening = try await open(behind: .payment, by: writer, as: .addition)
        #expect(opening.answer.decision.reason == .entitled)
        #expect(opening.read?.source == (writer == .other ? .gift : .trial))
    }

    /// By an address the reader is whoever has it when the read is recorded.
    @Test func whoHasTheAddressByThenReads() async throws {
        let ada = try await room.services.accounts.overview(room.ada).account.id
        let store = room.services.access.store
        let opening = try await during(
            store, .change,
            { tx in
                try tx.sql.run("UPDATE account_emails SET account_id = $1", [ada])
            }
        ) {
            let opening = Task { try await room.open("premium/a-2", as: .account(.email(email("eve@example.com")))) }
            await othersHaveTheirTurn()
            return opening
        }
        let answer = try await opening.value.answer
        #expect(answer.account == ada && answer.decision.reason == .subscriptionRequired)
    }

    /// A trial that ends while an opening waits for its turn has ended.
    @Test func whatTheClockChangesMeanwhileCounts() async throws {
        let moment = Locked(TestDatabase.start)
        let room = try await Newsroom(clock: WallClock { moment.withLock(\.self) })
        try await room.add(3, to: "premium", access: .premium)
        let eve = try await room.services.accounts.signUp(email: email("eve@example.com")).account.id
        let reader = ReaderReference.account(.id(eve))
        #expect(try await room.open("premium/a-1", as: reader).read?.openedAt == TestDatabase.start)
        for (later, reason) in [
            (TimeSpan.days(13), AccessDecision.Reason.entitled), (.days(14), .trialEnded),
        ] {
            let opening = try await during(room.services.access.store) {
                let opening = Task { try await room.open("premium/a-2", as: reader) }
                await othersHaveTheirTurn()
                moment.withLock { $0 = TestDatabase.start + later }
                return opening
            }
            let opened = try await opening.value
            #expect(opened.answer.decision.reason == reason)
            #expect(opened.answer.decision.at == TestDatabase.start + later)
            #expect(opened.read?.openedAt == (reason.allows ? TestDatabase.start + later : nil))
        }
    }

    /// She was never without access: nobody tells her otherwise by the state of before and the time of afterwards.
    @Test func aStateIsNotLookedAtBeforeTheClock() async throws {
        let moment = Locked(TestDatabase.start)
        let meanwhile = Locked<(@Sendable () -> Void)?>(nil)
        let clock = WallClock {
            meanwhile.withLock { $0.take() }?()
            return moment.withLock(\.self)
        }
        let room = try await Newsroom(clock: clock)
        try await room.add(3, to: "premium", access: .premium)
        let eve = try await room.services.accounts.signUp(email: email("eve@example.com")).account.id
        let other = try DetachedSQLite(path: room.database.address)
        for _ in 0..<2 { #expect(try await room.check("premium/a-1", as: .account(.id(eve))).reason == .entitled) }
        meanwhile.withLock { next in
            next = {
                try? other.execute("UPDATE grants SET ends_at = ends_at + 86400000")
                moment.withLock { $0 = TestDatabase.start + .days(14) }
            }
        }
        #expect(try await room.check("premium/a-1", as: .account(.id(eve))).reason == .entitled)
        #expect(moment.withLock(\.self) == TestDatabase.start + .days(14))
    }

    // MARK: - Those of whom nothing is written

    @Test func whoIsKeptOutWaitsForNobodyWhoWrites() async throws {
        let opening = try await during(room.database.store()) { try await room.open("premium/a-1") }
        #expect(opening.answer.decision.reason == .subscriptionRequired)
        guard case .teaser = opening.content else { return #expect(Bool(false), "\(opening.content)") }
    }

    @Test func aRetryWaitsForNobodyWhoWrites() async throws {
        let first = try await open(2, key: "phone-1")
        let again = try await during(room.database.store()) { try await open(2, key: "phone-1") }
        #expect(again.isRetry && again.read == first.read && !first.isRetry)
        guard case .whole = again.content else { return #expect(Bool(false), "\(again.content)") }
        let error = await #expect(throws: MembershipError.self) {
            try await during(room.database.store()) { try await open(3, key: "phone-1") }
        }
        #expect(error?.code == .clientKeyReused)
    }

    /// Of two retries that both know better how long she stayed, the one that knows more is right.
    @Test func theLongerOfTwoStaysCounts() async throws {
        _ = try await open(2, key: "phone-1")
        let tasks = try await during(room.services.access.store) {
            let tasks = [30, 90, 60].map { seconds in
                Task { try await room.open("premium/a-2", as: .account(.id(eve)), key: "phone-1", seconds: seconds) }
            }
            await othersHaveTheirTurn()
            return tasks
        }
        var seconds: [Int?] = []
        for task in tasks { seconds.append(try await task.value.read?.seconds) }
        #expect(seconds == [30, 90, 90])
    }
}
