import Membership

/// What must hold of a text that is read as a value of every kind: it is refused with a reason, or it is read, and then
/// what is written of it is read as the same.
struct ParsedValues {
    let text: String

    func faults() -> [String] { (values() + names()).compactMap(\.self) }

    private func values() -> [String?] {
        [
            email(), slug(), madeSlug(), money(),
            roundTrip("time", { try Timestamp(rfc3339: $0) }, \.rfc3339),
            // A length is positive, and milliseconds are never written, so that what is read is written whole.
            roundTrip("length", { try TimeSpan(parsing: $0) }, \.description),
            roundTrip("cursor", { try Cursor<Account>(parsing: $0) }, \.description),
            roundTrip("event place", { try EventPlace(parsing: $0) }, \.description),
            roundTrip("message", { try MessageReference(parsing: $0) }, \.description),
            roundTrip("rule target", { try RuleTarget(parsing: $0) }, \.name),
            roundTrip("teaser", { try TeaserLength(parsing: $0) }, \.description),
            roundTrip("interval", { try BillingInterval(parsing: $0) }, \.description),
            roundTrip("month", { try CalendarMonth(parsing: $0) }, \.description),
            roundTrip("article", { try ArticleReference(parsing: $0) }, \.description),
            roundTrip("account", { try AccountReference(parsing: $0) }, \.description),
            roundTrip("reader", { try ReaderReference(parsing: $0) }, \.description),
            roundTrip("visitor", { try VisitorID(parsing: $0) }, \.text),
            roundTrip("client key", { try ClientKey(parsing: $0) }, \.text),
        ]
    }

    /// What something is called by.
    private func names() -> [String?] {
        [
            roundTrip("entitlement", { try Entitlement(parsing: $0) }, \.name),
            roundTrip("zone", { try Zone(parsing: $0) }, \.name),
            roundTrip("actor", { try Actor(parsing: $0) }, \.name),
            roundTrip("currency", { try Currency(parsing: $0) }, \.code),
            roundTrip("language", { try Language(parsing: $0) }, \.rawValue),
            roundTrip("access", { try AccessLevel(parsing: $0) }, \.rawValue),
            roundTrip("domain", { try EmailDomain(parsing: $0) }, \.name),
            roundTrip("device", { try DeviceID(parsing: $0) }, \.text),
            roundTrip("kind of event", { try Event.KindPattern(parsing: $0) }, written),
            roundTrip("status", { try AccountStatus(parsing: $0) }, \.rawValue),
            roundTrip("grouping", { try ReadReport.Grouping(parsing: $0) }, \.rawValue),
            roundTrip("text", { try PlainText.checked($0, as: "a name", longest: 200) }, \.self),
            roundTrip("reason", { try PlainText.reason($0) }, \.self),
        ]
    }

    private func roundTrip<Value: Equatable>(
        _ kind: String, _ read: (String) throws -> Value, _ write: (Value) -> String
    ) -> String? {
        do {
            let value = try read(text)
            let written = write(value)
            do {
                return try read(written) == value ? nil : "\(kind) ‘\(text)’, written ‘\(written)’, is read as another"
            } catch { return "\(kind) ‘\(text)’, written ‘\(written)’, is not read again: \(error)" }
        } catch let error as MembershipError {
            return error.remedy == nil ? "\(kind) ‘\(text)’ is refused without a way out: \(error.message)" : nil
        } catch { return "\(kind) ‘\(text)’ gives an error of no kind: \(error)" }
    }

    private func written(_ pattern: Event.KindPattern) -> String {
        switch pattern {
        case .one(let kind): kind.rawValue
        case .family(let beginning): beginning
        }
    }

    private func email() -> String? {
        roundTrip("email", { try EmailAddress(parsing: $0) }, \.typed)
            ?? roundTrip("canonical email", { try EmailAddress(parsing: $0).canonical }, \.self)
    }

    private func slug() -> String? {
        guard let slug = try? Slug(parsing: text) else { return nil }
        let numbered = slug.numbered(1234)
        return (try? Slug(parsing: numbered.text)) == numbered
            ? nil : "slug ‘\(text)’ cannot be numbered: ‘\(numbered)’"
    }

    private func madeSlug() -> String? {
        guard let slug = Slug(from: text) else { return nil }
        return (try? Slug(parsing: slug.text)) == slug ? nil : "of ‘\(text)’ the slug ‘\(slug)’ is made, which is none"
    }

    private func money() -> String? {
        for code in ["EUR", "JPY", "KWD", "CLF"] {
            let currency = Currency(stored: code)
            if let fault = roundTrip("money", { try Money(parsing: $0, currency: currency) }, \.decimal) {
                return fault
            }
        }
        return nil
    }
}
