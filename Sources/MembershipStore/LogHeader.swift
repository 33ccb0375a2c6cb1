/// The beginning of an SQLite log: what its frames are to be read with (https://www.sqlite.org/walformat.html). Each
/// time the log is used again from its beginning, it has other salts.
struct LogHeader: Equatable, Sendable {
    static let size = 32
    /// As they stand in the file.
    let bytes: [UInt8]
    let pageSize: Int
    let checksum: LogChecksum
    private let isBigEndian: Bool

    /// Nil for what is no header of a log, or not a whole one.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == LogHeader.size else { return nil }
        let magic = bytes.bigEndian(at: 0)
        guard magic & ~1 == 0x377F_0682, bytes.bigEndian(at: 4) == 3_007_000 else { return nil }
        isBigEndian = magic & 1 == 1
        self.bytes = bytes
        pageSize = Int(bytes.bigEndian(at: 8))
        guard pageSize >= 512, pageSize <= 65_536, pageSize & (pageSize - 1) == 0 else { return nil }
        var checksum = LogChecksum()
        checksum.add(bytes[0..<24], isBigEndian: isBigEndian)
        guard checksum == LogChecksum(bytes, at: 24) else { return nil }
        self.checksum = checksum
    }

    /// How many bytes a frame has: its own header, and a page.
    var frameSize: Int { 24 + pageSize }

    /// Where a frame begins in the file; the first is 1.
    func offset(of frame: Int) -> Int { LogHeader.size + (frame - 1) * frameSize }

    /// The checksum behind a frame, given that before it; nil when the frame does not follow, or is of an older log.
    func checksum(behind frame: ArraySlice<UInt8>, _ before: LogChecksum) -> LogChecksum? {
        let start = frame.startIndex
        guard frame[(start + 8)..<(start + 16)].elementsEqual(bytes[16..<24]) else { return nil }
        var checksum = before
        checksum.add(frame[start..<(start + 8)], isBigEndian: isBigEndian)
        checksum.add(frame[(start + 24)...], isBigEndian: isBigEndian)
        return checksum == LogChecksum(Array(frame[(start + 16)..<(start + 24)]), at: 0) ? checksum : nil
    }
}
