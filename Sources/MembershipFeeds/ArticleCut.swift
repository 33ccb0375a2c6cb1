/// How far an article is written.
struct ArticleCut {
    /// How much of the plain text is in front of the cut, in bytes: at least one. The last of them is not white space.
    var length: Int
    /// What is put behind.
    var mark: String
}
