import ArgumentParser
import Membership

/// Who asks, in place of an account: nobody in particular, or a visitor by an id.
struct ReaderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Ask for a visitor whom the site knows by this id, 16 to 64 characters.", valueName: "id"))
    var visitor: String?

    @Option(
        help: ArgumentHelp("The zone whose months a visitor's allowance follows (default: UTC).", valueName: "zone"))
    var timeZone: String?

    /// The visitor, if one was named.
    func reader() throws(MembershipError) -> ReaderReference? {
        guard let visitor else { return nil }
        return .visitor(try VisitorID(parsing: visitor), zone: try zone)
    }

    /// The zone of visitors.
    var zone: Zone {
        get throws(MembershipError) {
            guard let timeZone else { return .utc }
            return try Zone(parsing: timeZone)
        }
    }

    /// Refuses a zone where no visitor is named, and none can be.
    func requireVisitorOfZone() throws {
        if timeZone != nil, visitor == nil {
            throw ValidationError("--time-zone goes with --visitor; an account has its own.")
        }
    }
}
