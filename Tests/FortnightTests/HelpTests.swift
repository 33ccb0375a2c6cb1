import Foundation
import Testing

struct HelpTests {
    /// A command as the program describes itself.
    private struct Described: Decodable {
        let commandName: String
        let subcommands: [Described]?

        /// The words of all that have none below them.
        func leaves(behind words: [String] = []) -> [[String]] {
            let below = (subcommands ?? []).filter { $0.commandName != "help" }
            return below.isEmpty ? [words] : below.flatMap { $0.leaves(behind: words + [$0.commandName]) }
        }
    }

    private struct Description: Decodable {
        let command: Described
    }

    @Test func everyCommandHasHelpWithAnExample() async throws {
        let shell = try await Shell()
        let dump = try await shell.fortnight("--experimental-dump-help")
        let commands = try JSONDecoder().decode(Description.self, from: Data(dump.output.utf8)).command.leaves()
        #expect(commands.count > 70)
        for command in commands {
            let help = try await shell.run("/usr/bin/env", ["{}"] + command + ["--help"])
            #expect(help.status == 0, "\(command)")
            #expect(help.output.contains("Example:"), "\(command)")
            #expect(help.output.contains("--json"), "\(command)")
        }
    }
}
