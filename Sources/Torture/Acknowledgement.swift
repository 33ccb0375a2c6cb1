/// Something that a caller was told had been done, and that no fault of a disk may undo.
enum Acknowledgement: Hashable, Sendable {
    /// The account of a canonical address was made, and its trial begun.
    case signedUp(String)
    /// An article was opened under a client key.
    case opened(String)
    /// A payment was recorded under a reference.
    case paid(String)
    /// A run of a job came to its end: its id, as it is stored.
    case ran(Int64)
    /// So many articles were taken.
    case imported(Int)
}
