import Foundation

extension Error {
    /// Why the system refused something, in its own words and without a full stop: Foundation's name its own parts.
    package var systemReason: String {
        var next: NSError? = self as NSError
        while let error = next {
            if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
            next = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
        }
        let text = localizedDescription
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
