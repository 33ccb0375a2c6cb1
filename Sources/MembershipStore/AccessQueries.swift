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
            let id = try account(reader).id
            readerFacts = .account(
                AccountFacts(id: id, suspensions: try suspensions(of: id), grants: try grants(of: id)))
        } else {
            readerFacts = .anonymous(trialDaysOnOffer: try trialDaysOnOffer(plan: trialPlan))
        }
        return AccessFacts(article: try self.article(article), reader: readerFacts)
    }
}
