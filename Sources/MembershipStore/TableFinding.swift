import Membership

extension Finding {
    /// Whether the tables are as the migrations make them.
    ///
    /// - Parameters:
    ///   - found: a line for everything there is, which begins with its kind and its name.
    ///   - made: the same of what the migrations make.
    static func tables(_ found: Set<String>, asMade made: Set<String>) -> Finding {
        let differing = made.symmetricDifference(found).map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        let names = Set(differing).sorted().joined(separator: ", ")
        return Finding(
            "tables", names.isEmpty ? "as the migrations make them" : "not as the migrations make them: \(names)",
            isSound: names.isEmpty, remedy: "They were changed by hand; put them back, or restore a backup.")
    }
}
