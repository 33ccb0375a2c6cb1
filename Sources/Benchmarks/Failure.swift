/// Why a measurement says nothing: something could not be run, or gave a wrong answer.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
