import Foundation
import Testing
import TestSupport

/// The key of a new database on a disk that fails.
struct KeyFileTests {
    /// First what it says is to be on the disk, then its name.
    @Test(.disabled(if: Shell.isSanitized, "A sanitizer has to be loaded first."), arguments: [1, 2])
    func noDatabaseIsMadeWithAKeyThatTheDiskMayLose(sync: Int) async throws {
        var shell = try await Shell()
        let keys = shell.directory.path + "/keys"
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: false)
        shell.set("FORTNIGHT_KEY_FILE", keys + "/key")
        var faulty = shell
        faulty.set("LD_PRELOAD", (Shell.binary as NSString).deletingLastPathComponent + "/libFaultyCalls.so")
        faulty.set("FAULTY_CALLS_UNDER", keys)
        faulty.set("FAULTY_CALLS_KIND", "sync")
        faulty.set("FAULTY_CALLS_NTH", "\(sync)")
        faulty.set("FAULTY_CALLS_ERRNO", "\(EIO)")
        let failed = try await faulty.fortnight("init", "--sandbox")
        #expect(failed.status == 69)
        #expect(failed.errors.contains(keys), "\(failed.errors)")
        #expect(try await shell.fortnight("signup", "ada@example.com").status != 0)
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        #expect(try await shell.fortnight("signup", "ada@example.com").status == 0)
    }
}
