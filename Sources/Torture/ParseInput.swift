import ArgumentParser
import Foundation
import Membership
import MembershipFeeds
import MembershipService
import SampleFeeds
import TestSupport

/// Reads mutated inputs, one after the other. It runs in a process of its own that may crash, hang or be ended; before
/// each case it says its number, and of each that does not hold what.
struct ParseInput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Read mutated inputs; a child of the trial of input.", shouldDisplay: false)

    @Option var kind: InputKind
    @Option var seed: UInt64
    @Option(help: "The first case.") var first = 0
    @Option(help: "How many cases.") var count = 1
    @Flag(help: "Print each input before it is read.") var shows = false

    func run() async throws {
        let place = try DiskPlace("parse")
        defer { place.remove() }
        let clock = MovedClock(at: DiskPlace.start)
        try await place.setUp(clock: clock.wallClock, feed: SampleFeed.all[0])
        let services = try await Services.open(place.location, clock: clock.wallClock)
        let mutation = Mutation(samples: kind.samples, longest: kind.longest)
        for number in first..<first + count {
            say("case \(number)")
            var dice = SeededNumbers(seed: seed, number)
            let input = mutation.make(&dice)
            if shows { say(String(decoding: input, as: UTF8.self)) }
            for fault in try await faults(of: input, services, place, dryRun: dice.chance(80)) {
                say("fault \(number) \(PlainText.visible(fault))")
            }
            if let memory = ParseInput.mostMemoryUsed, memory > HostileInput.mostMemory {
                say("fault \(number) the process has taken \(memory / 1024) MiB")
                return
            }
        }
        say("end")
    }

    /// At once, whatever comes next.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
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

    /// In KiB; nil where the system does not tell.
    private static var mostMemoryUsed: Int? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return usage.ru_maxrss
    }
}
