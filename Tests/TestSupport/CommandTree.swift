import Foundation

/// The commands of the program, as `fortnight --experimental-dump-help` tells of them.
package struct CommandTree: Decodable {
    private let command: Command

    private struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?

        func leaves(behind words: [String] = []) -> [[String]] {
            let below = (subcommands ?? []).filter { $0.commandName != "help" }
            return below.isEmpty ? [words] : below.flatMap { $0.leaves(behind: words + [$0.commandName]) }
        }
    }

    /// The words of all that have none below them.
    package static func leaves(ofDump text: String) throws -> [[String]] {
        try JSONDecoder().decode(CommandTree.self, from: Data(text.utf8)).command.leaves()
    }
}
