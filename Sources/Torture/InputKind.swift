import ArgumentParser

/// What comes in from outside, as the children of the trial are fed with it.
enum InputKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    case feeds, pages, rules, catalogs, values

    var samples: [[UInt8]] {
        switch self {
        case .feeds: InputSamples.feeds
        case .pages: InputSamples.pages
        case .rules: InputSamples.rules
        case .catalogs: InputSamples.catalogs
        case .values: InputSamples.values
        }
    }

    /// The longest input in bytes.
    var longest: Int { self == .values ? 4000 : 200_000 }

    /// Cases a child goes through at a time, and how many there are in any case.
    var batch: Int { self == .values ? 2000 : 300 }
}
