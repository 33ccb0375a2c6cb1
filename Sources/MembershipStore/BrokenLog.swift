/// The log does not go on where the copying ended, so that it has to begin anew with a copy of the whole database.
struct BrokenLog: Error {
    let what: String
}
