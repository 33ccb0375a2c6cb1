import CLibxml2
import Libxml2Loader
import Membership

/// What every use of libxml2 needs around it.
enum Libxml2 {
    /// Runs `work` so that nothing is written to standard error.
    ///
    /// Each parser here has a handler of its own, but libxml2 reports some failures, such as those of an encoding, past
    /// it. The handler set here is this thread's alone, and is put back.
    static func quietly<Result, Failure: Error>(
        _ work: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard fortnight_load_libxml2() == nil else { return try work() }
        let (context, handler) = (__xmlStructuredErrorContext().pointee, __xmlStructuredError().pointee)
        xmlSetStructuredErrorFunc(nil) { _, _ in }
        defer { xmlSetStructuredErrorFunc(context, handler) }
        return try work()
    }

    /// Makes sure that it is there: what it is asked for without is empty.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`.
    static func require() throws(MembershipError) {
        guard let problem = fortnight_load_libxml2() else { return }
        throw MembershipError(
            .unreadableFile,
            "Feeds and articles are read with libxml2, which is not to be had: \(String(cString: problem)).",
            remedy: "Install it unless it is there: apt install libxml2.")
    }

    static func string(_ text: UnsafePointer<xmlChar>?) -> String? {
        text.map { String(cString: $0) }
    }

    /// As ``string(_:)``, for what libxml2 allocated and leaves to its caller.
    static func take(_ text: UnsafeMutablePointer<xmlChar>?) -> String? {
        guard let text else { return nil }
        defer { fortnight_xml_free(text) }
        return String(cString: text)
    }
}
