package import Membership

/// Who reads, as reads are kept.
package enum ReadHolder: Hashable, Sendable {
    case account(Identifier<Account>)
    case visitor(VisitorID)

    /// Nil for somebody who cannot be told from others.
    package init?(_ reader: ReaderFacts) {
        switch reader {
        case .anonymous: return nil
        case .visitor(let id, _): self = .visitor(id)
        case .account(let account): self = .account(account.id)
        }
    }

    var table: String {
        switch self {
        case .account: "reads"
        case .visitor: "visitor_reads"
        }
    }

    var column: String {
        switch self {
        case .account: "account_id"
        case .visitor: "visitor"
        }
    }

    var key: any SQLValueConvertible {
        switch self {
        case .account(let id): id
        case .visitor(let id): id
        }
    }
}
