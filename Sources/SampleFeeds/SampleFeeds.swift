/// Feeds of an invented aggregator, to try things out on: three titles in two languages and three formats.
package struct SampleFeed: Sendable {
    /// The file's name.
    package let name: String
    /// The text of the file.
    package let bytes: [UInt8]

    /// Every sample feed.
    package static let all = [
        SampleFeed(name: "harbour-times.rss.xml", bytes: PackageResources.harbour_times_rss_xml),
        SampleFeed(name: "sternwarte.atom.xml", bytes: PackageResources.sternwarte_atom_xml),
        SampleFeed(name: "workbench.feed.json", bytes: PackageResources.workbench_feed_json),
    ]
}
