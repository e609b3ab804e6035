import Counters
import Kernel

/// By what the zones of one control type are known, and what they measure.
///
/// The kernel's names may repeat. What is open keeps what it is known by as long as its entry is there, so that one of two alike is not
/// taken for the other when that goes; those that are left get what is free, in the order of their numbers, the only difference that is
/// shown.
struct PowercapNames {
    /// Who a zone is.
    struct Name {
        let identity: String
        let domain: Domain
    }

    private let type: String
    private let isRAPL: Bool
    private let root: String
    private let vendor: ProcessorVendor
    private let known: KnownCounters
    private let entries: Set<PowercapEntry>
    private var names: [PowercapEntry: Name] = [:]
    private var taken: Set<String> = []

    /// The zones of a control type below `root`, those that they lie in first.
    init(
        _ type: String, isRAPL: Bool, of entries: [PowercapEntry], in root: String, vendor: ProcessorVendor,
        known: KnownCounters
    ) {
        self.type = type
        self.isRAPL = isRAPL
        self.root = root
        self.vendor = vendor
        self.known = known
        self.entries = Set(entries)
        for entry in entries {
            guard let open = open(entry), taken.insert(open.identity).inserted else { continue }
            names[entry] = Name(identity: open.identity, domain: open.domain)
        }
    }

    /// Gives a zone its name; `isTaken` says which names of domains are others'.
    mutating func name(_ entry: PowercapEntry, isTaken: (String) -> Bool) throws(UnusableAttribute) -> Name {
        if let name = names[entry] { return name }
        let claim = try claim(entry)
        let name =
            switch claim {
            case .part(let domain): free(domain)
            case .stranger(let path): free(path, isTaken)
            }
        taken.insert(name.identity)
        names[entry] = name
        return name
    }

    /// The counter that is open by the name of an entry, and is what the entry says that it is.
    private func open(_ entry: PowercapEntry) -> CounterFacts? {
        let candidates = known.read(entry.name, of: .powercap)
        guard !candidates.isEmpty else { return nil }
        do throws(UnusableAttribute) {
            let claim = try claim(entry)
            return candidates.first { covers(claim, $0) }
        } catch {
            return nil
        }
    }
}

/// What the kernel's names say.
extension PowercapNames {
    /// What a zone is by its name, which others may have too.
    private enum Claim {
        case part(Domain)
        /// One whose meaning is unknown: its own name, behind those of what it lies in.
        case stranger([String])
    }

    private func attribute(_ entry: PowercapEntry) throws(UnusableAttribute) -> String {
        try SysfsDirectory(path: "\(root)/\(entry.name)").text("name")
    }

    private func claim(_ entry: PowercapEntry) throws(UnusableAttribute) -> Claim {
        isRAPL ? .part(try part(entry)) : .stranger(try path(of: entry))
    }

    /// By the zone's own name, and for a part by what it lies in.
    private func part(_ entry: PowercapEntry) throws(UnusableAttribute) -> Domain {
        let name = try attribute(entry)
        switch TopName(name) {
        case .package(let socket, let die): return Domain(kind: .package, socket: socket, die: die)
        case .platform(let socket) where entry.parent == nil: return Domain(kind: .psys, socket: socket)
        case .platform, nil: break
        }
        guard let kind = kind(of: name), let parent = entry.parent, entries.contains(parent) else {
            throw UnusableAttribute(reason: .unknownName(name))
        }
        let package = try package(parent, around: name)
        return Domain(kind: kind, socket: package.socket, die: package.die)
    }

    private func package(_ entry: PowercapEntry, around part: String) throws(UnusableAttribute) -> Domain {
        if let name = names[entry], name.domain.kind == .package { return name.domain }
        let name = try attribute(entry)
        guard case .package(let socket, let die) = TopName(name) else {
            throw UnusableAttribute(reason: .unknownName("\(name)/\(part)"))
        }
        return Domain(kind: .package, socket: socket, die: die)
    }

    private func kind(of name: String) -> DomainKind? {
        switch name {
        case "core": vendor == .amd ? .leadCore : .core
        case "uncore": .uncore
        case "dram": .dram
        case "psys": .psys
        default: nil
        }
    }

    /// The names of a zone and of all that it lies in.
    private func path(of entry: PowercapEntry) throws(UnusableAttribute) -> [String] {
        let name = try attribute(entry)
        guard let parent = entry.parent else { return [name] }
        return try path(of: parent) + [name]
    }
}

/// Telling those apart that have one name.
extension PowercapNames {
    private func identity(_ domain: Domain) -> String { "powercap/\(type)/\(domain.kind.rawValue)/\(domain.tag)" }

    private func identity(_ path: [String]) -> String { "powercap/\(type)/zone/\(path.joined(separator: "/"))" }

    /// Whether a counter can be the one that a name means.
    private func covers(_ claim: Claim, _ counter: CounterFacts) -> Bool {
        switch claim {
        case .part(let domain):
            var candidate = domain
            while candidate.precedes(counter.domain) { candidate = candidate.next }
            return candidate == counter.domain && identity(candidate) == counter.identity
        case .stranger(let path): return isNumbered(counter.identity, identity(path))
        }
    }

    private func free(_ domain: Domain) -> Name {
        var domain = domain
        while taken.contains(identity(domain)) { domain = domain.next }
        return Name(identity: identity(domain), domain: domain)
    }

    private func free(_ path: [String], _ isTaken: (String) -> Bool) -> Name {
        let identity = untaken(identity(path), separator: "#", isTaken: taken.contains)
        if let domain = known.domain(identity) { return Name(identity: identity, domain: domain) }
        let words = ([type] + path).map(labelWord).filter { !$0.isEmpty }
        let tag = untaken(words.joined(separator: "_"), separator: "_") { tag in
            // Whether or not there is such a part here and now: it may appear later, and names do not depend on that.
            Domain.isProcessorTag(tag) || known.hasTag(tag) || isTaken(tag)
        }
        return Name(identity: identity, domain: Domain(kind: .zone, socket: 0, label: tag))
    }
}

extension Domain {
    /// What one more is called that has the same name. Kernels before 5.11 called every platform `psys`, and two counters of one package
    /// are as those of its dies.
    fileprivate var next: Domain {
        kind == .psys
            ? Domain(kind: kind, socket: socket + 1) : Domain(kind: kind, socket: socket, die: (die ?? 0) + 1)
    }

    /// It may be that `next`, once or several times, leads to another one.
    fileprivate func precedes(_ other: Domain) -> Bool {
        guard kind == other.kind else { return false }
        return kind == .psys ? socket < other.socket : socket == other.socket && (die ?? 0) < (other.die ?? 0)
    }
}
