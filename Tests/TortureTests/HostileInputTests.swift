import Foundation
import TestSupport
import Testing
@testable import Torture

struct HostileInputTests {
    @Test func everyCommandOfTheProgramIsTried() throws {
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let child = try WatchedChild.run(
            beside.appending(path: "fortnight").path(percentEncoded: false), [Array("--experimental-dump-help".utf8)],
            patience: .seconds(60))
        try #require(child.end == .exited(0))
        let leaves = try CommandTree.leaves(ofDump: child.output)
        #expect(Set(leaves) == Set(CommandSample.all.map(\.name)))
    }

    @Test func whatMakesFilesMakesThemWhereItRuns() {
        func contained(_ words: String...) -> [String] {
            CommandSample.contained(words.map { Array($0.utf8) }).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(contained("demo", "/tmp/\0/x") == ["demo", "tmpx"])
        #expect(contained("sandbox", "fork", "../a", "b") == ["sandbox", "fork", "..a", "b"])
        #expect(contained("article", "show", "golem/x") == ["article", "show", "golem/x"])
    }

    @Test func aMutatedCommandEnds() {
        var dice = SeededNumbers(seed: 1)
        for sample in CommandSample.all where [["backup"], ["serve"], ["events", "tail"]].contains(sample.name) {
            for _ in 0..<50 {
                let words = sample.mutated([:], &dice).map { String(decoding: $0, as: UTF8.self) }
                #expect(!words.contains("--follow") && !words.contains("--jobs-only"))
                #expect(!words.contains(where: { $0.hasPrefix("--to-dir") }) || words.contains("--once"))
            }
        }
    }

    @Test func aLineThatIsNotEmptyIsAQuestion() {
        let lines = "a b\r\n\n \t\n\r\n" + String(repeating: " ", count: 1001) + "\n c"
        #expect(HostileCommands.questions(in: Array(lines.utf8)) == 3)
    }

    @Test func ofEveryKindSomethingIsKept() throws {
        for kind in InputKind.allCases.map(\.rawValue) + ["questions", "commands"] {
            let files = try KeptInputs.files(kind)
            #expect(!files.isEmpty, "\(kind)")
        }
    }

    @Test func whatIsReadOfAValueIsWrittenAsItIsRead() throws {
        let kept = try KeptInputs.files("values").map { try KeptInputs.bytes($0) }
        for bytes in InputSamples.values + kept {
            #expect(ParsedValues(text: String(decoding: bytes, as: UTF8.self)).faults() == [])
        }
    }
}
