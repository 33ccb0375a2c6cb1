package import Membership

extension ReadTransaction {
    /// The facts for deciding whether a reader may open an article.
    ///
    /// - Parameter reader: nil for a visitor who has not signed in.
    /// - Throws: ``MembershipError`` with code `unknown_account` or `unknown_article`.
    package func accessFacts(
        reader: AccountReference?, article: ArticleReference, trialPlan: Slug
    ) throws -> AccessFacts {
        guard let reader else {
            let trialDays = try trialDaysOnOffer(plan: trialPlan)
            return AccessFacts(article: try self.article(article), reader: .anonymous(trialDaysOnOffer: trialDays))
        }
        let asked = try askAccount(reader)
        // When the id is given, nothing has to be waited for before the rest is asked.
        let id = if case .id(let given) = reader { given } else { try found(asked, reader).id }
        let (suspensions, grants) = (try askSuspensions(of: id), try askGrants(of: id))
        let wanted = try askArticle(article)
        let account = try found(asked, reader)
        return AccessFacts(
            article: try found(wanted, article),
            reader: .account(
                AccountFacts(
                    id: account.id, createdAt: account.createdAt, suspensions: try suspensions.rows(),
                    grants: try grants.rows())))
    }
}
