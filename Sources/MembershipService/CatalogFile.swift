import Foundation
import Membership

/// The plans as one YAML file says they are to be; see docs/plans.md.
///
/// A price is the text that stands there, and never a floating point number.
struct CatalogFile: Equatable, Sendable {
    /// In the order of the file, each name once.
    let plans: [Entry]
    /// The file they stand in.
    let file: YAMLFile

    /// A plan as the file has it.
    struct Entry: Equatable, Sendable {
        let name: Slug
        /// Where it begins, counted from 1.
        let line: Int
        /// Nil for a retired plan of which the file says nothing else.
        let terms: PlanTerms?
        let isRetired: Bool
    }

    /// What its refusals say.
    private static let kind = YAMLFile.Kind(
        code: .invalidCatalog, noun: "a catalog", firstKey: "plans", remedy: "docs/plans.md says what a catalog is.")

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`, `invalid_catalog`.
    init(path: String) throws(MembershipError) {
        let (file, bytes) = try YAMLFile.read(path, CatalogFile.kind)
        try self.init(bytes, of: file)
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_catalog`.
    init(_ bytes: Data, name: String) throws(MembershipError) {
        try self.init(bytes, of: YAMLFile(name: name, kind: CatalogFile.kind))
    }

    private init(_ bytes: Data, of file: YAMLFile) throws(MembershipError) {
        var fields = try file.root(of: bytes).fields()
        let plans = try fields.take("plans")
        try fields.refuseOthers(known: ["plans"])
        self.file = file
        self.plans = try plans.entries().map { key, value throws(MembershipError) in
            try Entry(name: key.slug(), line: key.line, fields: value.fields())
        }
    }

    /// What is said of a plan that the database cannot take.
    func refusal(_ entry: Entry, _ what: String, remedy: String) -> MembershipError {
        file.refusal(entry.line, what, remedy: remedy)
    }

    /// The same for what was refused without knowing of the file.
    func refusal(_ entry: Entry, _ error: MembershipError) -> MembershipError {
        file.refusal(entry.line, error)
    }
}

extension CatalogFile.Entry {
    private static let termsKeys = ["prices", "interval", "trial_days", "grace_days", "entitlements"]

    fileprivate init(name: Slug, line: Int, fields: YAMLNode.Fields) throws(MembershipError) {
        var fields = fields
        let file = fields.file
        try fields.refuseOthers(known: CatalogFile.Entry.termsKeys + ["retired"])
        isRetired = try fields.takeIfThere("retired")?.flag() ?? false
        self.name = name
        self.line = line
        if isRetired {
            // Its terms would be published as a version that nobody can ever have.
            try fields.refuseOthers(known: ["retired"])
            terms = nil
            return
        }
        let prices = try fields.take("prices").entries().map { key, value throws(MembershipError) in
            try value.price(in: key)
        }
        let interval = try fields.take("interval").interval()
        let (trialDays, graceDays) = (
            try fields.take("trial_days").count(of: "days"), try fields.take("grace_days").count(of: "days")
        )
        let entitlements = try fields.take("entitlements").items().map { item throws(MembershipError) in
            try item.entitlement()
        }
        terms = try file.at(line, "plan ‘\(name)’: ") { () throws(MembershipError) in
            try PlanTerms(
                prices: prices, interval: interval, trialDays: trialDays, graceDays: graceDays,
                entitlements: entitlements)
        }
    }
}

extension YAMLNode {
    fileprivate func interval() throws(MembershipError) -> BillingInterval {
        try value { text throws(MembershipError) in try BillingInterval(parsing: text) }
    }

    fileprivate func price(in currency: YAMLNode) throws(MembershipError) -> Money {
        let code = try currency.text()
        return try value { amount throws(MembershipError) in
            try Money(parsing: amount, currency: Currency(parsing: code))
        }
    }
}
