import Foundation

/// Inputs that are tried first, whatever the seed: on which something did not hold once, or that are feared. They are
/// files in Tests/KeptInputs, with a folder for each kind; docs/reliability.md says how one is added.
enum KeptInputs {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Tests/KeptInputs").path(percentEncoded: false)

    /// Where the inputs of a kind are, in the order of their names.
    static func files(_ kind: String) throws -> [String] {
        let place = folder + "/" + kind
        return try FileManager.default.contentsOfDirectory(atPath: place).sorted().map { place + "/" + $0 }
    }

    static func bytes(_ file: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: file))) }

    /// Leaves an input on which something did not hold where it can be kept from.
    ///
    /// - Returns: the file.
    static func leave(_ bytes: [UInt8], _ name: String) throws -> String {
        let file = NSTemporaryDirectory() + "fortnight-torture-" + name
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }
}
