import Bytes

/// A container by its runtime's prefix, and 64 hexadecimal digits right behind it.
///
/// `crio-conmon-` and `libpod-conmon-` are the prefixes of processes that watch a container.
struct ContainerName {
    /// The digits' place in the directory's name.
    let id: Range<Int>
    let runtime: ContainerRuntime?
    let isMonitor: Bool

    /// - Returns: nil if the name is not a container's or a monitor's.
    init?(_ text: Span<UInt8>) {
        let end = text.hasSuffix(".scope") ? text.count - 6 : text.count
        guard end >= 64, text.extracting((end - 64)..<end).isHexadecimal else { return nil }
        id = (end - 64)..<end
        let prefix = text.extracting(0..<(end - 64))
        isMonitor = prefix.equals("crio-conmon-") || prefix.equals("libpod-conmon-")
        if prefix.isEmpty || isMonitor {
            runtime = nil
        } else if let known = ContainerName.runtime(prefix) {
            runtime = known
        } else {
            return nil
        }
    }

    private static func runtime(_ prefix: Span<UInt8>) -> ContainerRuntime? {
        if prefix.equals("cri-containerd-") || prefix.equals("nerdctl-") { return .containerd }
        if prefix.equals("crio-") { return .crio }
        if prefix.equals("docker-") { return .docker }
        return prefix.equals("libpod-") || prefix.equals("libpod-payload-") ? .podman : nil
    }
}

/// `qemu-N-NAME` of libvirt, whose hyphens systemd writes `\x2d`, and which has `.libvirt-qemu` behind it without systemd.
struct LibvirtName {
    /// The place of NAME.
    let name: Range<Int>
    /// It is a virtual machine, and not a container of libvirt's.
    let isVirtual: Bool

    /// - Parameter start: where the driver's name begins; 0 without systemd.
    /// - Returns: nil if the name is not made so.
    init?(_ text: Span<UInt8>, from start: Int) {
        let isEscaped = start > 0
        let rest = text.extracting(start..<text.count)
        let driver: StaticString
        if rest.hasPrefix("qemu") {
            driver = "qemu"
        } else if rest.hasPrefix("lxc") {
            driver = "lxc"
        } else {
            return nil
        }
        isVirtual = driver.utf8CodeUnitCount == 4
        let digits = LibvirtName.afterHyphen(text, start + driver.utf8CodeUnitCount, isEscaped)
        var position = digits ?? text.count
        while position < text.count, text[position].isASCIIDigit { position += 1 }
        guard let digits, position > digits, let first = LibvirtName.afterHyphen(text, position, isEscaped) else {
            return nil
        }
        let suffix = isEscaped ? 0 : text.hasSuffix(".libvirt-qemu") ? 13 : text.hasSuffix(".libvirt-lxc") ? 12 : 0
        guard text.count - suffix > first else { return nil }
        name = first..<(text.count - suffix)
    }

    private static func afterHyphen(_ text: Span<UInt8>, _ index: Int, _ isEscaped: Bool) -> Int? {
        let rest = text.extracting(index..<text.count)
        if isEscaped { return rest.hasPrefix("\\x2d") ? index + 4 : nil }
        return rest.hasPrefix("-") ? index + 1 : nil
    }
}

extension Span<UInt8> {
    /// How many bytes systemd has put before a unit's name: one, `_`, before a name that begins with it, with a dot, or as files of the
    /// kernel's do, such as `memory.service`. See cg_escape in its sources.
    var systemdEscapeCount: Int {
        guard count > 1, self[0] == UInt8(ascii: "_") else { return 0 }
        let isUnit =
            hasSuffix(".service") || hasSuffix(".scope") || hasSuffix(".slice") || hasSuffix(".mount")
            || hasSuffix(".socket") || hasSuffix(".swap")
        return isUnit ? 1 : 0
    }

    func hasSuffix(_ suffix: StaticString) -> Bool {
        let start = count - suffix.utf8CodeUnitCount
        return start >= 0 && extracting(start..<count).equals(suffix)
    }

    func contains(_ text: StaticString) -> Bool {
        var start = 0
        while start + text.utf8CodeUnitCount <= count {
            if extracting(start..<count).hasPrefix(text) { return true }
            start += 1
        }
        return false
    }

    func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.upperBound
        while index > range.lowerBound {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    /// Decimal digits, at least one.
    var isDecimal: Bool {
        for index in indices where !self[index].isASCIIDigit { return false }
        return !isEmpty
    }

    /// Hexadecimal digits in lower case, at least one.
    var isHexadecimal: Bool {
        for index in indices where !self[index].isLowerHexadecimal { return false }
        return !isEmpty
    }

    /// A UUID, with hyphens or with underscores in their place, or 32 digits.
    var isPodUID: Bool {
        if count == 32 { return isHexadecimal }
        guard count == 36 else { return false }
        for index in indices {
            switch index {
            case 8, 13, 18, 23:
                guard self[index] == UInt8(ascii: "-") || self[index] == UInt8(ascii: "_") else { return false }
            default: guard self[index].isLowerHexadecimal else { return false }
            }
        }
        return true
    }

    /// `s` and 13 digits or capital letters.
    var isSlurmIdentity: Bool {
        guard count == 14, self[0] == UInt8(ascii: "s") else { return false }
        for index in 1..<14 {
            guard self[index].isASCIIDigit || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self[index]) else {
                return false
            }
        }
        return true
    }
}

extension UInt8 {
    fileprivate var isLowerHexadecimal: Bool {
        isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}
