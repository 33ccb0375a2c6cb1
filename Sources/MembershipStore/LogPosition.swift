/// A place in a log: behind so many frames.
struct LogPosition: Equatable, Sendable {
    let header: LogHeader
    var frame: Int
    var checksum: LogChecksum

    /// The beginning of a log.
    init(startOf header: LogHeader) {
        self.init(header: header, frame: 0, checksum: header.checksum)
    }

    init(header: LogHeader, frame: Int, checksum: LogChecksum) {
        (self.header, self.frame, self.checksum) = (header, frame, checksum)
    }
}
