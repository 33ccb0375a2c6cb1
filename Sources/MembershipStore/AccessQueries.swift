package import Membership

extension ReadTransaction {
    /// The facts for deciding whether a reader may open an article.
    ///
    /// - Parameter reader: nil for a visitor who has not signed in.
    /// - Throws: ``MembershipError`` with code `unknown_account` or `unknown_article`.
    package func accessFacts(
        reader: AccountReference?, article: ArticleReference, trialPlan: Slug
    ) throws -> AccessFacts {
        let readerFacts: ReaderFacts
        if let reader {
            let account = try account(reader)
            readerFacts = .account(
                AccountFacts(
                    id: account.id, createdAt: account.createdAt, suspensions: try suspensions(of: account.id),
                    grants: try grants(of: account.id)))
        } else {
            readerFacts = .anonymous(trialDaysOnOffer: try trialDaysOnOffer(plan: trialPlan))
        }
        return AccessFacts(article: try self.article(article), reader: readerFacts)
    }
}
