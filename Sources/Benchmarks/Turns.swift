import Synchronization

/// Hands out what was drawn, one after the other and from the beginning again, to whoever asks.
final class Turns<Element: Sendable>: Sendable {
    private let elements: [Element]
    private let place = Atomic(0)

    init(_ elements: [Element]) {
        self.elements = elements
    }

    func next() -> Element {
        elements[place.wrappingAdd(1, ordering: .relaxed).oldValue % elements.count]
    }
}
