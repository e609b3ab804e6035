/// What happened, under a name and an identifier that stay the same when the words of a message change.
///
/// The identifier is the journal's MESSAGE_ID: `journalctl MESSAGE_ID=...` finds all of a kind. Never reuse one.
public enum Event: String, CaseIterable, Sendable {
    case started
    case settingIgnored = "setting_ignored"
    case listening
    case sandboxed
    case socketRefused = "socket_refused"
    case noSource = "no_source"
    case simulatedSource = "simulated_source"
    case sourceFallback = "source_fallback"
    case processorAsked = "processor_asked"
    case sourceUp = "source_up"
    case sourceDown = "source_down"
    case countersFound = "counters_found"
    case zoneUnreadable = "zone_unreadable"
    case zoneIgnored = "zone_ignored"
    case zoneFailing = "zone_failing"
    case zoneRecovered = "zone_recovered"
    case counterReset = "counter_reset"
    case counterGlitch = "counter_glitch"
    case counterGap = "counter_gap"
    case mirrorFound = "mirror_found"
    case mirrorUndone = "mirror_undone"
    case hostBasisChanged = "host_basis_changed"
    case hostIncomplete = "host_incomplete"
    case hostComplete = "host_complete"
    case sourceStandsStill = "source_stands_still"
    case ledgerRestored = "ledger_restored"
    case ledgerRefused = "ledger_refused"
    case ledgerFailing = "ledger_failing"
    case ledgerRecovered = "ledger_recovered"
    case seriesRefused = "series_refused"
    case noDescriptors = "no_descriptors"
    case acceptFailed = "accept_failed"
    case webConfigurationLoaded = "web_configuration_loaded"
    case webConfigurationRefused = "web_configuration_refused"
    case certificateExpired = "certificate_expired"
    case handshakeFailed = "tls_handshake_failed"
    case reloaded
    case stopping
    case stopped
    case failed

    /// The journal's MESSAGE_ID, 128 bits in hexadecimal digits.
    public var messageID: String {
        switch self {
        case .started: "9f0d6331a3054090a1efe114610643ff"
        case .settingIgnored: "54fd61de8cfe4d2d890bf810cba23654"
        case .listening: "69699bf4057442c09fb4a259cc766893"
        case .sandboxed: "bbbb04a64f8041618bef388b7f62c217"
        case .socketRefused: "14f6e71e65d1499abc4af06db968b513"
        case .noSource: "bf6e9d67fa9d4291977cdaaee2cc9c73"
        case .sourceFallback: "3952e5e5ee594fe3b5a758d8a14c5691"
        case .simulatedSource: "f7afe6f91734446392ce5b9bc11b7217"
        case .processorAsked: "d7253568b8c44e2bb2869c5d25dca60f"
        case .sourceUp: "4a259425af2642d3bfbc18d522da9e67"
        case .sourceDown: "aefe9c2246cd4835b2598954c34988d4"
        case .countersFound: "d6b51541cc2b4116a1858b3271f9e8a0"
        case .zoneUnreadable: "323d67779c22430ea98d0e6960ecfe04"
        case .zoneIgnored: "229ed915cdde47af94d4567201d0f292"
        case .zoneFailing: "e90a1f0ff0a14ecdb53e28d53a7bb4ce"
        case .zoneRecovered: "0ac22af92f4b49df8d7f37ae8691b665"
        case .counterReset: "1d1627f60d6a403c96a7c786dda40c60"
        case .counterGlitch: "48e8a046812845d3992e577eb1f2e9d8"
        case .counterGap: "2ceeae061bfd44a1a58e5bdec0b71354"
        case .mirrorFound: "abdc9666c1db48b9a6f895fd203e56b6"
        case .mirrorUndone: "6f5252b168734c6db63f69acc915db1f"
        case .hostBasisChanged: "b025c156768043d5a8e24d27a28837dc"
        case .hostIncomplete: "78a65cba8cb642e6887c715d097d7edf"
        case .hostComplete: "eaa544bad242442ab1e4dae410a2d8b9"
        case .sourceStandsStill: "3ee92e5435cb4aeb883671bee0bbb589"
        case .ledgerRestored: "2219f1f224424974a7e80c24f4953dcc"
        case .ledgerRefused: "59877fbe345b4d7298f0d0a9c7c422ff"
        case .ledgerFailing: "00877f998f6d49dcbe354acebad9b558"
        case .ledgerRecovered: "4aa1fc559b2f4a61be540d1a4faa1cff"
        case .seriesRefused: "cb9ce6dd35004bf397bd2d7d4cc6c42e"
        case .noDescriptors: "39306a2540664cceb09e5e55363705f6"
        case .acceptFailed: "2ea355bde65d49a48ed380d0c2ee5cc9"
        case .webConfigurationLoaded: "c1f4866af60b409289ab4c0a98e1dd48"
        case .webConfigurationRefused: "714bf9d5b4ca4059a6c80a0ac188acdc"
        case .certificateExpired: "04d0ad7e5cc64c109a5faa7a948f5c30"
        case .handshakeFailed: "8d63b8a8b42d437a8fac09955c4b903b"
        case .reloaded: "5b0899243817418295ef5c9b5c48ada8"
        case .stopping: "bcfb426d809e459db4e05a22a7ef965f"
        case .stopped: "9f00043022a54ffabfb8dbc641bff0c2"
        case .failed: "15136432b5c04df0aa4e24002a5d092c"
        }
    }
}
