import Testing
import TestSupport

struct HelpTests {
    @Test func everyCommandHasHelpWithAnExample() async throws {
        let shell = try await Shell()
        let dump = try await shell.fortnight("--experimental-dump-help")
        let commands = try CommandTree.leaves(ofDump: dump.output)
        #expect(commands.count > 70)
        for command in commands {
            let help = try await shell.run("/usr/bin/env", ["{}"] + command + ["--help"])
            #expect(help.status == 0, "\(command)")
            #expect(help.output.contains("Example:"), "\(command)")
            #expect(help.output.contains("--json"), "\(command)")
        }
    }
}
