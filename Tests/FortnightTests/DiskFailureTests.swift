import Foundation
import Testing
import TestSupport

/// What a command promises of a file, on a disk that fails to keep it.
@Suite(.disabled(if: Shell.isSanitized, "A sanitizer has to be loaded first."))
struct DiskFailureTests {
    /// As the shell, in which this sync of something under a folder fails.
    private func failing(_ shell: Shell, sync: Int, under folder: String) -> Shell {
        var faulty = shell
        faulty.set("LD_PRELOAD", (Shell.binary as NSString).deletingLastPathComponent + "/libFaultyCalls.so")
        faulty.set("FAULTY_CALLS_UNDER", folder)
        faulty.set("FAULTY_CALLS_KIND", "sync")
        faulty.set("FAULTY_CALLS_NTH", "\(sync)")
        faulty.set("FAULTY_CALLS_ERRNO", "\(EIO)")
        return faulty
    }

    /// First what it says is to be on the disk, then its name.
    @Test(arguments: [1, 2]) func noDatabaseIsMadeWithAKeyThatTheDiskMayLose(sync: Int) async throws {
        var shell = try await Shell()
        let keys = shell.directory.path + "/keys"
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: false)
        shell.set("FORTNIGHT_KEY_FILE", keys + "/key")
        let failed = try await failing(shell, sync: sync, under: keys).fortnight("init", "--sandbox")
        #expect(failed.status == 69)
        #expect(failed.errors.contains(keys), "\(failed.errors)")
        #expect(try await shell.fortnight("signup", "ada@example.com").status != 0)
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com").status == 0)
    }

    @Test(arguments: [1, 2]) func noLetterIsDeliveredThatTheDiskMayLose(sync: Int) async throws {
        var shell = try await Shell()
        let letters = shell.directory.path + "/letters"
        shell.set("FORTNIGHT_MAIL", "folder:" + letters)
        shell.set("FORTNIGHT_MAIL_FROM", "News <news@example.org>")
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com").status == 0)
        let failed = try await failing(shell, sync: sync, under: letters).fortnight("jobs", "run", "outbox-delivery")
        #expect(failed.output.contains("0 done, 1 failed"))
        let undelivered = try await shell.fortnight("outbox", "list", "--json").output
        #expect(undelivered.contains("\"state\":\"due\""))
        #expect(undelivered.contains("‘\(letters)’ cannot be written to"), "\(undelivered)")
        #expect(try await shell.fortnight("clock", "advance", "1d").status == 0)
        #expect(try await shell.fortnight("jobs", "run", "outbox-delivery").status == 0)
        #expect(try await shell.fortnight("outbox", "list", "--json").output.contains("\"state\":\"delivered\""))
        #expect(try FileManager.default.contentsOfDirectory(atPath: letters).count == 1)
    }
}
