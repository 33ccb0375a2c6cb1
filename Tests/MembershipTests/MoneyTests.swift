import Membership
import Testing

struct MoneyTests {
    @Test(arguments: [
        ("9.99", "USD", 999), ("9.9", "USD", 990), ("9", "USD", 900), ("0", "EUR", 0), ("500", "JPY", 500),
        ("1.234", "KWD", 1234), ("0.05", "usd", 5),
    ])
    func decimalsBecomeMinorUnits(text: String, code: String, minor: Int64) throws {
        #expect(try Money(parsing: text, currency: Currency(parsing: code)).amountMinor == minor)
    }

    @Test(arguments: [
        ("9.999", "USD"), ("1.5", "JPY"), ("-1", "USD"), ("1,50", "EUR"), ("", "USD"), (".5", "USD"), ("5.", "USD"),
        ("1e3", "USD"), ("99999999999999999999", "USD"), ("1.2.3", "USD"),
    ])
    func whatIsNoAmountIsRefused(text: String, code: String) throws {
        let currency = try Currency(parsing: code)
        #expect(throws: MembershipError.self) { try Money(parsing: text, currency: currency) }
    }

    @Test func everyAmountReadsBackAsItself() throws {
        for code in ["USD", "JPY", "KWD"] {
            let currency = try Currency(parsing: code)
            for _ in 0..<200 {
                let money = Money(amountMinor: .random(in: 0...1_000_000_000), currency: currency)
                #expect(try Money(parsing: money.decimal, currency: currency) == money)
            }
        }
    }

    @Test(arguments: ["XQZ", "XXX", "US", "USDX", "", "U$D", "ÄÖÜ"])
    func whatIsNoCurrencyIsRefused(code: String) {
        #expect(throws: MembershipError.self) { try Currency(parsing: code) }
    }
}
