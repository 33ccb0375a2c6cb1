import Foundation

/// Feeds of real publications, which are not the project's to give away: where `FORTNIGHT_FEEDS` says, or in
/// `shared/feeds` beside the package. Tests that ask for them are skipped elsewhere.
package enum RealFeeds {
    /// The path of the folder; nil where there is none.
    package static let folder: String? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let given = ProcessInfo.processInfo.environment["FORTNIGHT_FEEDS"]
        let path = given ?? package.appending(path: "../shared/feeds").standardizedFileURL.path(percentEncoded: false)
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The path of a feed in the folder.
    package static func path(_ name: String) -> String { (folder ?? "") + "/" + name }
}
