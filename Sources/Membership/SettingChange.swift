/// What becomes of one setting.
public enum SettingChange<Value: Hashable & Sendable>: Hashable, Sendable {
    /// It stays as it is.
    case keep
    /// It is not said any more.
    case remove
    /// It is this.
    case set(Value)

    func applied(to before: Value?) -> Value? {
        switch self {
        case .keep: before
        case .remove: nil
        case .set(let value): value
        }
    }
}
