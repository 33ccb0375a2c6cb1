// swift-tools-version: 6.2
import PackageDescription

// Every target is built with the same settings: a warning is an error, and an import says whom it is for.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "fortnight",
    platforms: [.macOS(.v15)],
    targets: [
        // The libraries of the system that feeds are read with.
        .systemLibrary(name: "CLibxml2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "Membership", swiftSettings: settings),
        .target(
            name: "MembershipFeeds",
            dependencies: ["Membership", "CLibxml2", "CZlib"],
            swiftSettings: settings
        ),

        .testTarget(name: "MembershipTests", dependencies: ["Membership"], swiftSettings: settings),
        .testTarget(
            name: "MembershipFeedsTests",
            dependencies: ["MembershipFeeds", "Membership", "CZlib"],
            swiftSettings: settings
        ),
    ]
)
