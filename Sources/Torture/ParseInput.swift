import ArgumentParser
import Foundation
import Membership
import MembershipFeeds
import MembershipService
import SampleFeeds
import TestSupport

/// Reads mutated inputs, or those in files, one after the other. It runs in a process of its own that may crash, hang or
/// be ended; before each case it says its number, and of each that does not hold what.
struct ParseInput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Read hostile inputs; a child of the trial of input.", shouldDisplay: false)

    @Option var kind: InputKind
    @Option var seed: UInt64 = 1
    @Option(help: "The first case.") var first = 0
    @Option(help: "How many cases.") var count = 1
    @Option(help: "Read this file in place of a mutated input; may be given several times.") var file: [String] = []
    @Flag(help: "Print each input before it is read.") var shows = false
    @Option(help: "Only write the first case into this file, byte for byte.") var keep: String?

    func run() async throws {
        if let keep {
            try Data(input(first).bytes).write(to: URL(filePath: keep))
            return
        }
        let place = try DiskPlace("parse")
        defer { place.remove() }
        let clock = MovedClock(at: DiskPlace.start)
        try await place.setUp(clock: clock.wallClock, feed: SampleFeed.all[0])
        let services = try await Services.open(place.location, clock: clock.wallClock)
        for number in first..<max(first, file.isEmpty ? first + count : file.count) {
            say("case \(number)")
            let (bytes, dryRun) = try input(number)
            if shows { say(String(decoding: bytes, as: UTF8.self)) }
            for fault in try await timedFaults(of: bytes, services, place, dryRun: dryRun) {
                say("fault \(number) \(PlainText.visible(fault))")
            }
            let memory = try ParseInput.mostMemory()
            if memory > HostileInput.mostMemory {
                say("fault \(number) the process has taken \(memory / 1024) MiB")
                return
            }
        }
        say("end")
    }

    /// A case, and whether nothing is to be changed by it.
    private func input(_ number: Int) throws -> (bytes: [UInt8], dryRun: Bool) {
        guard file.isEmpty else { return (try KeptInputs.bytes(file[number]), false) }
        var dice = SeededNumbers(seed: seed, number)
        let bytes = Mutation(samples: kind.samples, longest: kind.longest).make(&dice)
        return (bytes, dice.chance(80))
    }

    /// At once, whatever comes next.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// How long an input of so many bytes may keep the processor, whoever else wants it: ten times what any was seen to
    /// need, so that what grows as the square of a long input does not hold.
    private static func patience(_ length: Int) -> Duration { .milliseconds(500 + 5 * length / 1024) }

    /// What does not hold of an input, also when it takes too long three times in turn.
    private func timedFaults(
        of input: [UInt8], _ services: Services, _ place: DiskPlace, dryRun: Bool
    ) async throws -> [String] {
        let patience = ParseInput.patience(input.count)
        var least: Duration?
        for _ in 0..<3 {
            let start = ParseInput.processorTime
            let faults = try await self.faults(of: input, services, place, dryRun: dryRun)
            guard faults.isEmpty, let start, let end = ParseInput.processorTime, end - start > patience else {
                return faults
            }
            least = min(least ?? end - start, end - start)
        }
        return ["\(input.count) bytes keep the processor for \(least?.milliseconds ?? 0) ms"]
    }

    private func faults(
        of input: [UInt8], _ services: Services, _ place: DiskPlace, dryRun: Bool
    ) async throws -> [String] {
        switch kind {
        case .values: return ParsedValues(text: String(decoding: input, as: UTF8.self)).faults()
        case .feeds:
            let path = try place.write("input", input)
            return await refusal([.invalidFeed, .feedTooLarge, .titleExists]) {
                _ = try await services.articles.importFeed(path: path, options: .init(dryRun: dryRun))
            }
        case .pages:
            let path = try place.write("input", ParseInput.feed(of: input))
            var flaws: [String] = []
            flaws += await refusal([.invalidFeed]) { flaws += try ParseInput.flaws(inFeed: path) }
            return flaws
        case .rules:
            let path = try place.write("input", input)
            return await refusal([.invalidRules]) { _ = try await services.rules.apply(path: path, dryRun: dryRun) }
        case .catalogs:
            let path = try place.write("input", input)
            return await refusal([.invalidCatalog, .planRetired]) {
                _ = try await services.plans.applyCatalog(path: path, dryRun: dryRun)
            }
        }
    }

    /// Runs a body, which may refuse its input and nothing else.
    private func refusal(
        _ codes: Set<MembershipError.Code>, _ body: () async throws -> Void
    ) async -> [String] {
        do { try await body() } catch let error as MembershipError {
            return codes.contains(error.code) ? [] : ["told \(error.code.rawValue): \(error.message)"]
        } catch { return ["an error of no kind: \(error)"] }
        return []
    }

    /// A page as a feed carries one.
    private static func feed(of page: [UInt8]) -> [UInt8] {
        let text = String(decoding: page, as: UTF8.self).unicodeScalars.filter {
            $0 == "\n" || $0 == "\t" || $0.value >= 0x20 && $0.value != 0xFFFE && $0.value != 0xFFFF
        }
        let escaped = String(String.UnicodeScalarView(text)).replacing("]]>", with: "]]]]><![CDATA[>")
        return Array(
            """
            <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Page</title>
            <item><title>One</title><guid>1</guid><content:encoded><![CDATA[\(escaped)]]></content:encoded></item>
            </channel></rss>
            """.utf8)
    }

    /// What of a page came through that must not.
    private static func flaws(inFeed path: String) throws -> [String] {
        var flaws: [String] = []
        let entries = try FeedDocument.open(path: path).entries()
        while let items = try entries.next(upTo: 10) {
            for case .entry(let entry) in items {
                let body = entry.bodyHTML.lowercased()
                flaws += ["<script", "<iframe", "<style", "<svg", "<object", "<form", "<!--"].filter(body.contains)
                    .map { "‘\($0)’ came through" }
                if body.contains(/<[a-z][^>]*\s(on[a-z]+|style)\s*=/) {
                    flaws.append("an attribute that acts came through")
                }
                if body.contains(/(href|src)\s*=\s*"\s*(javascript|data|vbscript):/) {
                    flaws.append("an address that acts came through")
                }
            }
        }
        return flaws
    }

    /// The time of the processor that this process has taken so far; nil where the system does not tell.
    private static var processorTime: Duration? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let (user, system) = (usage.ru_utime, usage.ru_stime)
        return Duration.seconds(user.tv_sec + system.tv_sec) + Duration.microseconds(user.tv_usec + system.tv_usec)
    }

    /// The most memory that this program has had, in KiB. What `getrusage` says may be that of whoever started it.
    private static func mostMemory() throws -> Int {
        let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmHWM:") }?.split(separator: " ") ?? []
        guard words.count > 1, let memory = Int(words[words.count - 2].drop { !$0.isNumber }) else {
            throw Stopped("/proc/self/status does not say how much memory was taken")
        }
        return memory
    }
}
