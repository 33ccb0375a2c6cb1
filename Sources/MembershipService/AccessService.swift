public import Membership
import MembershipStore

/// Who may read what, and why.
public struct AccessService: Sendable {
    let store: Store

    /// A decision, and whom and what it is about.
    public struct Answer: Equatable, Sendable {
        /// The decision.
        public let decision: AccessDecision
        /// Who asked; nil for a visitor who has not signed in.
        public let reader: Identifier<Account>?
        /// The article asked for.
        public let article: Article
    }

    /// Decides whether a reader may open an article. Nothing is written.
    ///
    /// - Parameters:
    ///   - reader: nil for a visitor who has not signed in.
    ///   - moment: the time asked about; nil for now.
    /// - Throws: ``MembershipError`` with code `unknown_account` or `unknown_article`; a denial is not an error.
    public func check(
        reader: AccountReference?, article: ArticleReference, at moment: Timestamp? = nil
    ) async throws -> Answer {
        try await store.read { tx in
            let facts = try tx.accessFacts(reader: reader, article: article, trialPlan: DefaultPlan.name)
            let id: Identifier<Account>? = if case .account(let account) = facts.reader { account.id } else { nil }
            return Answer(
                decision: AccessRules.decide(facts, at: moment ?? tx.now), reader: id, article: facts.article)
        }
    }
}
