import CZlib
import Foundation
import Membership

/// The bytes of one feed, decompressed and at hand for a second reading.
///
/// Standard input can be read only once and a gzip stream only forwards, so the bytes go into a temporary file. It has
/// no name any more when reading begins: however the process ends, nothing is left behind.
final class FeedSource: Sendable {
    /// What messages call the feed.
    let name: String
    let byteCount: Int
    private let descriptor: Int32

    /// Reads the file at `path`, or standard input for `-`, gzip or plain.
    init(path: String) throws(MembershipError) {
        name = path == "-" ? "standard input" : path
        let input = try FeedSource.openInput(path, name: name)
        descriptor = try FeedSource.openSpool()
        do {
            byteCount = try FeedSource.copy(input, to: descriptor, name: name)
        } catch {
            // The object does not exist yet, so its deinit will not close this.
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// Fills `buffer` from `offset` on; 0 at the end, negative on failure, like `pread`.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
    }

    /// The first bytes, at most `count`.
    func head(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, read(into: UnsafeMutableRawBufferPointer(buffer), at: 0))
        }
    }

    /// The bytes of a range, which must lie inside the feed.
    func data(in range: Range<Int>) throws(MembershipError) -> Data {
        var data = Data(count: range.count)
        let count = data.withUnsafeMutableBytes { read(into: $0, at: range.lowerBound) }
        guard count == range.count else {
            throw MembershipError(.unreadableFile, "‘\(name)’ cannot be read again: \(FeedSource.systemError()).")
        }
        return data
    }

    /// All bytes, mapped and not copied: the system may take the pages back at any time.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        guard let start = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw MembershipError(.unreadableFile, "‘\(name)’ cannot be mapped: \(FeedSource.systemError()).")
        }
        defer { munmap(start, byteCount) }
        return try body(UnsafeRawBufferPointer(start: start, count: byteCount))
    }

    /// The same, if it is XML in an encoding that is read, and no element has too many attributes.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_feed`, `unreadable_file`.
    func withFewAttributes() throws(MembershipError) -> FeedSource {
        let head = head(1024)
        let width = FeedUnitWidth(of: head)
        // Where the signs of XML are not those of ASCII, nobody can look for them.
        if let encoding = FeedEncoding.declared(in: head, width), !FeedEncoding.isRead(encoding) {
            throw refusal("is in the encoding ‘\(encoding)’", remedy: "Convert it to UTF-8.")
        }
        var (limit, offset) = (XMLAttributeLimit(width), 0)
        while offset < byteCount {
            let bytes = try data(in: offset..<min(offset + 128 << 10, byteCount))
            guard bytes.withUnsafeBytes({ limit.isKept(by: $0) }) else {
                throw refusal("has an element with more than \(FeedLimits.attributes) attributes", line: limit.line)
            }
            offset += bytes.count
        }
        return self
    }

    /// An error that names this feed and the line.
    func refusal(_ what: String, line: Int? = nil, remedy: String? = nil) -> MembershipError {
        let place = line.map { ", line \($0)," } ?? ""
        return MembershipError(.invalidFeed, "‘\(name)’\(place) \(what).", remedy: remedy)
    }
}

// MARK: - Reading once

extension FeedSource {
    private static func openInput(_ path: String, name: String) throws(MembershipError) -> Int32 {
        let input = path == "-" ? dup(STDIN_FILENO) : Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else {
            let reason = systemError()
            throw MembershipError(
                .unreadableFile, "‘\(name)’ cannot be read: \(reason).",
                remedy: "Give the path of a feed, or - for standard input.")
        }
        var status = stat()
        if fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(input)
            throw MembershipError(
                .unreadableFile, "‘\(name)’ is a directory.", remedy: "Give the path of one feed in it.")
        }
        return input
    }

    private static func openSpool() throws(MembershipError) -> Int32 {
        // mkstemp(3) wants six X at the end, and writes the name it has found there.
        var template = Array((NSTemporaryDirectory() + "/fortnight-feed-XXXXXX").utf8CString)
        let spool = mkstemp(&template)
        guard spool >= 0 else {
            throw MembershipError(
                .unreadableFile, "No temporary file can be made in ‘\(NSTemporaryDirectory())’: \(systemError()).",
                remedy: "Set TMPDIR to a folder that can be written to.")
        }
        unlink(template)
        return spool
    }

    /// Copies what `input` holds, decompressed, and closes it. zlib passes plain bytes through as they are.
    private static func copy(_ input: Int32, to spool: Int32, name: String) throws(MembershipError) -> Int {
        guard let stream = gzdopen(input, "rb") else {
            close(input)
            throw MembershipError(.unreadableFile, "‘\(name)’ cannot be read: no memory for decompression.")
        }
        defer { gzclose_r(stream) }

        var buffer = [UInt8](repeating: 0, count: 128 << 10)
        var total = 0
        while true {
            let count = Int(gzread(stream, &buffer, UInt32(buffer.count)))
            // A stream that breaks off gives its bytes and then ends; only gzerror tells it from a whole one.
            var status: Int32 = Z_OK
            let detail = gzerror(stream, &status).map { String(cString: $0) } ?? ""
            guard count >= 0, status == Z_OK || status == Z_STREAM_END else {
                throw readingFailure(status, detail, name: name)
            }
            if count == 0 { return total }
            total += count
            guard total <= FeedLimits.bytes else {
                throw MembershipError(
                    .feedTooLarge, "‘\(name)’ is larger than \(FeedLimits.bytes >> 20) MiB, the most that is read.",
                    remedy: "Split the feed, or leave out older entries.")
            }
            try write(buffer[..<count], to: spool)
        }
    }

    private static func readingFailure(_ status: Int32, _ detail: String, name: String) -> MembershipError {
        switch status {
        case Z_BUF_ERROR:
            MembershipError(
                .invalidFeed, "‘\(name)’ is a gzip file that breaks off before its end.",
                remedy: "Fetch the feed again; the transfer was cut short.")
        case Z_ERRNO:
            MembershipError(.unreadableFile, "‘\(name)’ cannot be read: \(systemError()).")
        default:
            MembershipError(
                .invalidFeed, "‘\(name)’ is a damaged gzip file: \(detail).", remedy: "Fetch the feed again.")
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to spool: Int32) throws(MembershipError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(spool, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw MembershipError(
                    .unreadableFile, "The feed cannot be kept in ‘\(NSTemporaryDirectory())’: \(systemError()).",
                    remedy: "Make room there, or set TMPDIR to another folder.")
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func systemError() -> String {
        String(cString: strerror(errno))
    }
}
