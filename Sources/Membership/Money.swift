/// An amount of money in the smallest unit of its currency.
public struct Money: Hashable, Sendable {
    /// Cents for USD, whole yen for JPY.
    public let amountMinor: Int64
    /// The ISO 4217 currency.
    public let currency: Currency

    /// Makes an amount from minor units.
    public init(amountMinor: Int64, currency: Currency) {
        self.amountMinor = amountMinor
        self.currency = currency
    }

    /// Reads a decimal amount, such as `9.99`, that is not negative and has no more decimals than the currency.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String, currency: Currency) throws(MembershipError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? String(parts[1]) : ""
        guard
            (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isASCIIDigit) }),
            decimals.count <= currency.decimals,
            let amount = Int64(parts[0] + decimals + String(repeating: "0", count: currency.decimals - decimals.count))
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not an amount in \(currency.code).",
                remedy: "Write digits with at most \(currency.decimals) decimals behind a point: "
                    + "\(Money(amountMinor: 999, currency: currency).decimal).")
        }
        amountMinor = amount
        self.currency = currency
        try requirePayable()
    }

    /// The amount with a decimal point and without the currency: `9.99`, `999`.
    public var decimal: String {
        guard currency.decimals > 0 else { return String(amountMinor) }
        let digits = String(amountMinor.magnitude)
        let padded = String(repeating: "0", count: max(0, currency.decimals + 1 - digits.count)) + digits
        return (amountMinor < 0 ? "-" : "") + padded.dropLast(currency.decimals) + "."
            + padded.suffix(currency.decimals)
    }

    /// Makes sure that it is an amount that can be asked or paid: not negative, and no more than can be added up.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    package func requirePayable() throws(MembershipError) {
        guard (0...Money.largest).contains(amountMinor) else {
            throw MembershipError(
                .invalidInput, "‘\(self)’ is not an amount that can be asked or paid.",
                remedy: "Give 0 to \(Money(amountMinor: Money.largest, currency: currency)).")
        }
    }

    private static let largest: Int64 = 1_000_000_000_000
}

extension Money: CustomStringConvertible {
    /// The amount and its currency: `9.99 USD`.
    public var description: String { decimal + " " + currency.code }
}
