// swift-tools-version: 6.3
import PackageDescription

/// The compiler's strictest honest reading of our code; see docs/architecture.md, "What the build enforces".
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .defaultIsolation(nil),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Tests keep the language checks; `#expect` expands to code that strict memory safety does not know.
let strictTests: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .defaultIsolation(nil),
    .treatAllWarnings(as: .error),
]

/// C is held to the compiler's warnings too.
let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]

/// The commit that is being built, for `pyjoules_exporter_build_info`; the Makefile sets it. Not from
/// `Context.gitInformation`, which SwiftPM caches with the manifest and so names an older commit.
let revision = Context.environment["PYJOULES_REVISION"] ?? "unknown"

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        exclude: exclude,
        swiftSettings: strictTests
    )
}

let package = Package(
    name: "pyjoules-exporter",
    products: [
        .executable(name: "pyjoules-exporter", targets: ["Exporter", "CBuildFacts"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Layer 0: C.
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CCrypt", cSettings: strictC, linkerSettings: [.linkedLibrary("crypt")]),
        .systemLibrary(name: "CBuildInfo"),
        // What CBuildInfo declares. Only linked: whoever depended on it would be compiled anew with each commit.
        .target(
            name: "CBuildFacts", publicHeadersPath: ".",
            cSettings: strictC + [.define("PYJOULES_REVISION", to: "\"\(revision)\"")]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "COpenSSL", cSettings: strictC),
        .target(name: "CNVML", cSettings: strictC),
        // The page at `/`: its halves are compiled in by C23's #embed.
        .target(
            name: "CPage", exclude: ["after.html", "before.html", "page"],
            cSettings: strictC + [.unsafeFlags(["-std=c23"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        // Layer 1.
        room("Bytes"),
        room("Kernel", ["CLinux"]),
        room("Counters"),
        // Layer 2.
        room("HTTP", ["Bytes"]),
        room("Metrics", ["Bytes"]),
        room("Accounts", ["Bytes", "Counters"]),
        room("Sources", ["Kernel", "Bytes", "Counters"]),
        room("Attribution", ["Kernel", "Bytes"]),
        room("Systemd", ["CSystemd", "Kernel"]),
        room("Gzip", ["CDeflate", "Bytes"]),
        room("TLS", ["COpenSSL", "Kernel"]),
        room("Passwords", ["CCrypt", "Kernel"]),
        room("Sandbox", ["CSeccomp", "Kernel"]),
        room("Publishing", ["Kernel", "Bytes"]),
        room("GPU", ["CNVML", "Kernel"]),
        // Layer 3.
        room("WebConfig", ["CYAML", "TLS", "Passwords", "Bytes"]),
        .target(
            name: "Log", dependencies: ["Bytes", "Kernel", "Systemd", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        room("Sampling", ["Sources", "Accounts", "Attribution", "Counters", "Kernel", "Bytes"]),
        // Layer 4.
        .target(
            name: "Serving",
            dependencies: [
                "Bytes", "Kernel", "HTTP", "Gzip", "TLS", "Passwords", "WebConfig", "Log",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        room("Reports", ["Sampling", "Accounts", "Counters", "Kernel", "Bytes"]),
        room("Doctor", ["Sampling", "Sources", "Attribution", "Accounts", "Counters", "Sandbox", "Kernel", "Bytes"]),
        // Layer 5.
        .executableTarget(
            name: "Exporter",
            dependencies: [
                "Bytes", "Kernel", "HTTP", "Metrics", "Counters", "Accounts", "Sources", "Attribution", "Sampling",
                "Systemd",
                "Sandbox", "CBuildInfo", "CPage", "Log", "Serving", "Reports", "Doctor", "Publishing", "GPU",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        // What several modules' tests use; no product contains it.
        .target(
            name: "TestSupport",
            dependencies: [
                "Bytes", "Kernel", "Counters", "Accounts", "Sources", "Sampling", "Log",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport",
            swiftSettings: strictTests),
        // Enters the sandbox and tries what should be refused; no product contains it.
        .executableTarget(
            name: "SandboxProbe", dependencies: ["Sandbox", "Kernel", "SandboxAttempts"],
            path: "Tests/SandboxProbe", swiftSettings: strictTests),
        // Opens and closes rows, for bench-smoke; no product contains it.
        .executableTarget(
            name: "TableProbe", dependencies: ["Metrics"], path: "Tests/TableProbe", swiftSettings: strictTests),
        .target(name: "SandboxAttempts", path: "Tests/SandboxAttempts", cSettings: strictC),
        tests(of: "Bytes"),
        tests(of: "Kernel", ["CLinux"]),
        tests(of: "HTTP", ["Bytes", "Kernel"]),
        tests(of: "Metrics", ["Bytes", "Kernel"], exclude: ["Golden"]),
        tests(of: "Counters"),
        tests(of: "Accounts", ["Counters", "Bytes"]),
        tests(of: "Sources", ["Counters", "Bytes", "Kernel"]),
        tests(
            of: "Sampling", ["Sources", "Accounts", "Attribution", "Counters", "Bytes", "Kernel"], exclude: ["Ledgers"]),
        tests(of: "Attribution", ["Kernel", "Bytes"]),
        tests(of: "Systemd", ["Kernel"]),
        tests(of: "WebConfig", ["TLS", "Passwords"]),
        tests(of: "Publishing", ["Kernel"]),
        tests(of: "GPU", ["Kernel"]),
        tests(of: "Gzip", ["Bytes"]),
        // A client of TLS for tests, which uses OpenSSL as a library that is linked.
        .target(
            name: "CTLSClient", path: "Tests/CTLSClient", cSettings: strictC,
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        tests(of: "TLS", ["Kernel", "COpenSSL", "CTLSClient"]),
        tests(of: "Passwords", ["Kernel"]),
        tests(of: "Log", ["Bytes", "Kernel", "Systemd", .product(name: "Logging", package: "swift-log")]),
        tests(
            of: "Serving",
            [
                "Bytes", "Kernel", "HTTP", "TLS", "Passwords", "WebConfig", "Log",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(of: "Reports", ["Sampling", "Sources", "Accounts", "Counters", "Kernel"]),
        tests(of: "Doctor", ["Sampling", "Sources", "Counters", "Sandbox", "Kernel"]),
        tests(of: "Sandbox", ["Kernel", "SandboxProbe"]),
        tests(
            of: "Exporter",
            [
                "Attribution", "Bytes", "Kernel", "HTTP", "Metrics", "Counters", "Accounts", "Sources", "Sampling",
                "Systemd", "TLS", "Passwords", "Sandbox", "Log", "Serving", "Doctor", "Reports", "GPU",
                "CBuildFacts",
            ]),
    ]
)
