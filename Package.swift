// swift-tools-version: 6.2
import PackageDescription

// Every target is built with the same settings: a warning is an error, and an import says whom it is for.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // An async function runs where its caller does, so that a read hops to no other thread.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

// Imports run one way: fortnight → MembershipService → MembershipStore → Membership. A test holds it.
let package = Package(
    name: "fortnight",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "MembershipService", targets: ["MembershipService"]),
        .executable(name: "fortnight", targets: ["fortnight"]),
        // Loaded before a program under trial; Scripts/torture uses it.
        .library(name: "FaultyCalls", type: .dynamic, targets: ["FaultyCalls"]),
    ],
    // SQLite alone, without libpq: swift build --disable-default-traits
    traits: [
        .trait(name: "Postgres", description: "PostgreSQL through libpq, beside SQLite"),
        .default(enabledTraits: ["Postgres"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // The libraries of the system that feeds are read with. Of libxml2 the declarations, and loading it when it is
        // needed.
        .systemLibrary(name: "CLibxml2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .target(
            name: "Libxml2Loader", dependencies: ["CLibxml2"],
            linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // The client library of PostgreSQL: its declarations, and loading it when it is needed.
        .systemLibrary(name: "CLibpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "LibpqLoader", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),

        // libcurl, loaded when mail is first sent through a server. Its header is not needed.
        .target(name: "LibcurlLoader", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),

        // How SQLite takes memory and reads quoted text, which Swift cannot set.
        .target(name: "SQLiteSettings", linkerSettings: [.linkedLibrary("sqlite3")]),

        .target(name: "Membership", swiftSettings: settings),
        .target(
            name: "MembershipMail",
            dependencies: ["Membership", "LibcurlLoader", mustache],
            resources: [.embedInCode("Templates")],
            swiftSettings: settings
        ),
        .target(
            name: "MembershipFeeds",
            dependencies: ["Membership", "CLibxml2", "CZlib", "Libxml2Loader"],
            swiftSettings: settings
        ),
        .target(
            name: "Migrations",
            path: "Migrations",
            resources: [.embedInCode("SQLite"), .embedInCode("Postgres")],
            swiftSettings: settings
        ),
        .target(
            name: "MembershipStore",
            dependencies: [
                "Membership", "Migrations", "SQLiteSettings", crypto, grdb, grdbSQLite,
                .target(name: "CLibpq", condition: .when(traits: ["Postgres"])),
                .target(name: "LibpqLoader", condition: .when(traits: ["Postgres"])),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "MembershipService",
            dependencies: ["Membership", "MembershipFeeds", "MembershipMail", "MembershipStore", crypto, yams],
            swiftSettings: settings
        ),
        .target(
            name: "SampleFeeds",
            resources: [.embedInCode("Feeds")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "fortnight",
            dependencies: [
                "Membership", "MembershipService", "SampleFeeds", argumentParser, lifecycle, logging, unixSignals,
            ],
            swiftSettings: settings
        ),

        // Ratios against a reference in the same run; Scripts/bench runs it.
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Membership", "MembershipFeeds", "MembershipService", "FaultyFiles", "TestSupport", crypto, grdbSQLite,
            ],
            swiftSettings: settings
        ),

        // What breaks things on purpose and looks at what held; Scripts/torture runs it.
        .target(name: "FaultyFiles", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "FaultyCalls"),
        .executableTarget(
            name: "Torture",
            dependencies: [
                "Membership", "MembershipFeeds", "MembershipService", "MembershipStore", "FaultyFiles", "SampleFeeds",
                "TestSupport", argumentParser,
            ],
            swiftSettings: settings
        ),

        // A file, a clock and a directory of a test's own, and numbers to choose by for whatever tries something.
        .target(
            name: "TestSupport",
            dependencies: ["Membership", "MembershipService", "MembershipStore"],
            path: "Tests/TestSupport",
            exclude: ["Servers"],
            swiftSettings: settings
        ),
        .testTarget(name: "MembershipTests", dependencies: ["Membership", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "MembershipFeedsTests",
            dependencies: ["Membership", "MembershipFeeds", "TestSupport", "CZlib"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MembershipMailTests",
            dependencies: ["Membership", "MembershipMail", "TestSupport", subprocess, systemPackage],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MembershipStoreTests",
            dependencies: [
                "Membership", "MembershipService", "MembershipStore", "Migrations", "TestSupport", grdb, grdbSQLite,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MembershipServiceTests",
            dependencies: [
                "Membership", "MembershipFeeds", "MembershipMail", "MembershipService", "MembershipStore",
                "SampleFeeds", "TestSupport", grdb,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FortnightTests",
            dependencies: [
                "fortnight", "Membership", "MembershipStore", "SampleFeeds", "TestSupport", subprocess, systemPackage,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TortureTests",
            dependencies: [
                "fortnight", "Torture", "Membership", "MembershipService", "MembershipStore", "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "HouseTests", swiftSettings: settings),
    ]
)
