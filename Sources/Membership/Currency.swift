import Foundation

/// A currency of ISO 4217.
public struct Currency: Hashable, Sendable {
    /// Three capital letters.
    public let code: String

    /// Reads a currency code; lower case is taken too.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when ISO 4217 does not list it.
    public init(parsing text: String) throws(MembershipError) {
        let code = text.uppercased()
        // ISO 4217 keeps XXX for no currency and XTS for tests: nobody pays in either.
        guard code.utf8.count == 3, !["XXX", "XTS"].contains(code), Locale.Currency(code).isISOCurrency else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a currency.", remedy: "Give an ISO 4217 code: USD, EUR, JPY.")
        }
        self.code = code
    }

    /// Takes a code that was checked before it was stored.
    package init(stored code: String) {
        self.code = code
    }

    /// How many decimals the minor unit has: ISO 4217's table, of which all but these have two.
    public var decimals: Int {
        switch code {
        case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF", "XPF":
            0
        case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
        case "CLF", "UYW": 4
        default: 2
        }
    }
}
