import Foundation
import Testing

/// Holds the sources to the rules of the house that the compiler does not know.
struct ImportDirectionTests {
    /// Which of our own modules each module may import (docs/architecture.md).
    private static let allowed: [String: Set<String>] = [
        "CLibpq": [], "LibpqLoader": [], "LibcurlLoader": [], "Libxml2Loader": [], "SQLiteSettings": [],
        "CLibxml2": [], "CZlib": [], "Membership": [], "Migrations": [],
        "SampleFeeds": [],
        "MembershipFeeds": ["Membership", "CLibxml2", "CZlib", "Libxml2Loader"],
        "MembershipMail": ["Membership", "LibcurlLoader"],
        "MembershipStore": ["Membership", "Migrations", "SQLiteSettings", "CLibpq", "LibpqLoader"],
        "MembershipService": ["Membership", "MembershipFeeds", "MembershipMail", "MembershipStore"],
        "Benchmarks": ["Membership", "MembershipFeeds", "MembershipService", "FaultyFiles"],
        "FaultyFiles": [], "FaultyCalls": [],
        "Torture": [
            "Membership", "MembershipFeeds", "MembershipService", "MembershipStore", "FaultyFiles", "SampleFeeds",
        ],
        "fortnight": ["Membership", "MembershipService", "SampleFeeds"],
    ]

    @Test func importsRunOneWay() throws {
        let files = try SourceFile.all()
        #expect(files.count > 50)
        for file in files {
            let allowed = try #require(ImportDirectionTests.allowed[file.module], "\(file.module) has no rule")
            for imported in file.imports where ImportDirectionTests.allowed.keys.contains(imported) {
                #expect(allowed.contains(imported), "\(file.path) imports \(imported)")
            }
        }
    }

    /// What an addition may not do, ``WriteKind`` says; whoever makes another one shows that it does not.
    @Test func onlyOpeningsAndSignUpsAreAdditions() throws {
        let additions = try SourceFile.all().flatMap { file in
            file.code.components(separatedBy: ".addition").dropFirst().map { _ in file.path }
        }
        #expect(
            additions.filter { $0.contains("MembershipService/") }.sorted() == [
                "Sources/MembershipService/AccountService.swift", "Sources/MembershipService/ArticleOpening.swift",
            ])
    }

    @Test func onlyTheStoreSpeaksSQL() throws {
        let statement = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "PRAGMA "]
        let others = ["MembershipStore", "Migrations", "Benchmarks", "Torture"]
        for file in try SourceFile.all() where !others.contains(file.module) {
            #expect(!statement.contains { file.code.contains($0) }, "\(file.path) has SQL in it")
        }
    }

    @Test func theDocumentsNameEveryTable() throws {
        let document = try String(contentsOfFile: SourceFile.root + "/docs/architecture.md", encoding: .utf8)
        let folder = SourceFile.root + "/Migrations/SQLite"
        let tables = try FileManager.default.contentsOfDirectory(atPath: folder).flatMap { file in
            try String(contentsOfFile: folder + "/" + file, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("CREATE TABLE ") }.map { $0.split(separator: " ")[2] }
        }
        #expect(tables.count > 20)
        for table in tables { #expect(document.contains("\n| `\(table)` |"), "\(table)") }
    }

    @Test func onlyTheWallClockAsksForTheTime() throws {
        let questions = [
            "Date()", "Date.now", "clock_gettime", "gettimeofday", "time(nil)", "CURRENT_TIMESTAMP", "unixepoch",
        ]
        for file in try SourceFile.all() where !file.path.hasSuffix("Membership/WallClock.swift") {
            #expect(!questions.contains { file.code.contains($0) }, "\(file.path) asks for the time")
        }
    }

    @Test func placeholdersAreFirstUsedInAscendingOrder() throws {
        for file in try SourceFile.all() where file.module == "MembershipStore" {
            let long = file.code.components(separatedBy: "\"\"\"")
            // What is between two long ones has short ones, on one line each.
            let short = long.enumerated().filter { $0.offset % 2 == 0 }.flatMap { $0.element.split(separator: "\n") }
                .flatMap { line in line.split(separator: "\"", omittingEmptySubsequences: false).map(String.init) }
                .filter { literal in
                    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains { literal.hasPrefix($0) }
                }
            for literal in long.enumerated().filter({ $0.offset % 2 == 1 }).map(\.element) + short {
                var highest = 0
                for piece in literal.components(separatedBy: "$").dropFirst() {
                    guard let number = Int(piece.prefix(while: \.isNumber)) else { continue }
                    #expect(
                        number <= highest + 1 || literal.contains("\\("), "\(file.path): $\(number) comes too early")
                    highest = max(highest, number)
                }
            }
        }
    }

    @Test func everySourceFolderIsKnown() throws {
        let sources = try FileManager.default.contentsOfDirectory(atPath: SourceFile.root + "/Sources")
        #expect(Set(sources).union(["Migrations"]) == Set(ImportDirectionTests.allowed.keys))
    }
}

private struct SourceFile {
    let path: String
    let module: String
    let code: String

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path(percentEncoded: false)

    static func all() throws -> [SourceFile] {
        let sources = try FileManager.default.subpathsOfDirectory(atPath: root + "/Sources").map { "Sources/" + $0 }
        return try (sources + ["Migrations/Migrations.swift"]).filter { $0.hasSuffix(".swift") }.map { path in
            let parts = path.split(separator: "/")
            return SourceFile(
                path: path, module: String(parts[0] == "Sources" ? parts[1] : parts[0]),
                code: try String(contentsOfFile: root + "/" + path, encoding: .utf8))
        }
    }

    var imports: [String] {
        code.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1 else { return nil }
            return words[place + 1]
        }
    }
}
