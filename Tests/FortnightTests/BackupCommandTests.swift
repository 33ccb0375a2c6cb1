import Foundation
import Subprocess
import Testing
import TestSupport

/// Backups through the built binary.
@Suite(.enabled(if: TestEngine.isSQLite)) struct BackupCommandTests {
    private func prepared() async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com").status == 0)
        return shell
    }

    @Test func aBackupIsMadeAndRestored() async throws {
        let shell = try await prepared()
        let made = try await shell.fortnight("backup", "copy.db")
        #expect(made.status == 0 && made.output.hasPrefix("Made copy.db, a backup of "), "\(made)")
        #expect(made.output.contains("copy.db.key"))
        #expect(try await shell.fortnight("signup", "bob@example.com").status == 0)
        let taken = try await shell.fortnight("backup", "copy.db", "--json")
        #expect(taken.status == 65 && taken.errors.contains("database_exists"))
        // Nobody is to move the live database away for a backup.
        #expect(taken.errors.contains("with the date") && !taken.errors.contains("away"))
        let directory = try await shell.fortnight("backup", ".")
        #expect(directory.status == 65 && directory.errors.contains("is a directory"))
        let there = try await shell.fortnight("restore", "copy.db")
        #expect(there.status == 65 && there.errors.contains("test.db is there already"))
        let restored = try await shell.fortnight("restore", "copy.db", "--database", "again.db", "--json")
        let document = try restored.json()
        #expect(restored.status == 0 && document["key"] as? Bool == true && document["copied_at"] is NSNull)
        let accounts = try await shell.fortnight("account", "list", "--database", "again.db", "--json").jsonLines()
        #expect(accounts.count == 1)
        #expect(try await shell.fortnight("doctor", "--database", "again.db").status == 0)
        #expect(try await shell.fortnight("signup", "bob@example.com", "--database", "again.db").status == 0)
    }

    @Test(arguments: [Signal.terminate, .interrupt])
    func aDirectoryIsKeptUntilItIsToldToStop(signal: Signal) async throws {
        let shell = try await prepared()
        let base = shell.directory.path + "/moments/000001/base.json"
        let kept = try await shell.fortnight(["backup", "--to-dir", "moments"], send: signal) {
            guard FileManager.default.fileExists(atPath: base) else { return false }
            _ = try await shell.fortnight("signup", "bob@example.com")
            return true
        }
        #expect(kept.status == 0, "\(kept)")
        #expect(kept.errors.contains("copied the whole database: the directory is new."), "\(kept.errors)")
        #expect(kept.errors.hasSuffix("Stopped.\n"), "\(kept.errors)")
        let list = try await shell.fortnight("restore", "--list", "moments", "--json").jsonLines()
        #expect(list.count == 1 && list[0]["fault"] is NSNull && list[0]["copy"] as? String == "000001")
        #expect(try await shell.fortnight("restore", "--list", "moments").output.contains("  ok\n"))
        let until = try #require(list[0]["until"] as? String)
        let newest = try await shell.fortnight("restore", "moments", "--database", "a.db", "--json").json()
        #expect(newest["copied_at"] as? String == until)
        // What was written before it was told to stop is there.
        #expect(
            try await shell.fortnight("account", "list", "--database", "a.db", "--json").jsonLines().count == 2)
        let from = try #require(list[0]["from"] as? String)
        let first = try await shell.fortnight("restore", "moments", "--at", from, "--database", "b.db")
        #expect(first.status == 0 && first.output.contains("It is as of \(from)"), "\(first)")
        let early = try await shell.fortnight(
            "restore", "moments", "--at", "2001-01-01T00:00:00Z", "--database", "c.db")
        #expect(early.status == 66 && early.errors.contains("2001-01-01") && early.errors.contains(from))
        #expect(try await shell.fortnight("signup", "cem@example.com", "--database", "b.db").status == 0)
    }

    @Test func onceCopiesWhatIsNewAndEnds() async throws {
        let shell = try await prepared()
        let once = try await shell.fortnight("backup", "--to-dir", "moments", "--once")
        #expect(once.status == 0 && once.output.hasPrefix("moments has everything until "), "\(once)")
        let again = try await shell.fortnight("backup", "--to-dir", "moments", "--once", "--without-key", "--json")
        #expect(try again.json()["pages"] as? Int == 0)
    }

    @Test func eachCopyOfADirectoryIsListedWithWhatIsWrong() async throws {
        let shell = try await prepared()
        #expect(try await shell.fortnight("backup", "--to-dir", "moments", "--once").status == 0)
        try FileManager.default.copyItem(
            atPath: shell.directory.path + "/moments/000001", toPath: shell.directory.path + "/moments/000002")
        _ = try shell.directory.write("moments/000002/base.json", "{}")
        let list = try await shell.fortnight("restore", "--list", "moments", "--json").jsonLines()
        #expect(list.map { $0["copy"] as? String } == ["000001", "000002"])
        #expect(list[0]["fault"] is NSNull && (list[1]["fault"] as? String)?.contains("000002/base.json") == true)
        #expect(list[1]["from"] is NSNull && list[1]["until"] is NSNull && list[1]["moments"] as? Int == 0)
        #expect(try await shell.fortnight("restore", "moments", "--database", "a.db").status == 65)
        try FileManager.default.removeItem(atPath: shell.directory.path + "/moments/000001/base.db")
        let until = try #require(list[0]["until"] as? String)
        let outcome = try await shell.fortnight("restore", "moments", "--database", "a.db", "--at", until)
        #expect(
            outcome.status == 65 && outcome.errors.contains("000001/base.db is damaged: it is missing"), "\(outcome)")
    }

    @Test(.disabled(if: Shell.isSanitized, "A sanitizer needs more than this allows."))
    func aFullDiskLeavesNothingAndIsNamed() async throws {
        let shell = try await prepared()
        for arguments in ["backup copy.db", "backup --to-dir moments --once", "backup --to-dir moments2"] {
            // No file may grow beyond 64 KiB; the signal for it is ignored, so that writing fails.
            let outcome = try await shell.run(
                "/bin/bash", ["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \(arguments)", "{}"])
            #expect(outcome.status == 69, "\(outcome)")
            #expect(outcome.errors.contains("copy.db") || outcome.errors.contains("moments"), "\(outcome)")
        }
        let files = FileManager.default.enumerator(atPath: shell.directory.path)?.compactMap { $0 as? String } ?? []
        #expect(files.filter { $0.contains(".part") || $0.hasPrefix("copy.db") || $0.hasSuffix("base.db") } == [])
        #expect(try await shell.fortnight("backup", "--to-dir", "moments", "--once").status == 0)
        #expect(try await shell.fortnight("restore", "moments", "--database", "a.db").status == 0)
    }

    @Test(arguments: [
        (["backup"], 64, "--to-dir"), (["backup", "a", "--to-dir", "b"], 64, "--to-dir"),
        (["backup", "a", "--every", "1s"], 64, "--every"), (["backup", "a", "--once"], 64, "--once"),
        (["backup", "a", "--keep", "1d"], 64, "--keep"),
        (["backup", "--to-dir", "b", "--every", "soon"], 64, "‘soon’"),
        (["backup", "--to-dir", "b", "--every", "2h"], 64, "‘2h’"),
        (["backup", "--to-dir", "b", "--every", "1s", "--once"], 64, "--once"),
        (["backup", "--to-dir", "b", "--base-every", "1s"], 64, "‘1s’"),
        (["backup", "--to-dir", "b", "--keep=-1d"], 64, "‘-1d’"),
        (["backup", ""], 64, "‘’ is no path"), (["backup", "--to-dir", "", "--once"], 64, "‘’ is no path"),
        (["restore", ""], 64, "‘’ is no path"), (["restore", "", "--list"], 64, "‘’ is no path"),
        (["backup", "a-wal"], 64, "a-wal ends with -wal"), (["backup", "a.db-shm"], 64, "-shm"),
        (["restore", "test.db", "--database", "a-journal"], 64, "-journal"),
        (["backup", "nowhere/a.db"], 69, "nowhere/a.db"), (["backup", "a", "--database", "none.db"], 69, "none.db"),
        (["backup", "a", "--database", "postgres://jo:hunter2@db/x"], 64, "PostgreSQL"),
        (["backup", "test.db"], 65, "test.db"), (["restore"], 64, "backup"),
        (["restore", "none", "--database", "r"], 66, "none"),
        (["restore", "none", "--at", "yesterday"], 64, "‘yesterday’"),
        (["restore", "none", "--list", "--at", "2026-01-01T00:00:00Z"], 64, "--list"),
        (["restore", "--list", "none"], 66, "none"), (["restore", "--list", "."], 66, "There is no backup"),
        (["restore", "note.txt", "--database", "r"], 69, "note.txt"),
        (["restore", "note.txt", "--database", "r", "--at", "2026-01-01T00:00:00Z"], 64, "one moment"),
        (["restore", "test.db", "--database", "postgres://jo:hunter2@db/x"], 64, "PostgreSQL"),
    ])
    func isRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let shell = try await prepared()
        _ = try shell.directory.write("note.txt", "A note, and no database.")
        let before = try FileManager.default.contentsOfDirectory(atPath: shell.directory.path).sorted()
        let outcome = try await shell.run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == status, "\(outcome)")
        #expect(outcome.errors.contains(named), "\(outcome)")
        #expect(outcome.output.isEmpty && !outcome.errors.contains("hunter2"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: shell.directory.path).sorted() == before)
    }
}
