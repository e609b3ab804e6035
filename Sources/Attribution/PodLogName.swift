import Bytes

/// What the name of a link says that kubelet makes for the log of each container, `POD_NAMESPACE_CONTAINER-ID.log`, whatever runs
/// it. The ranges are places in the name.
///
/// None of the names has an underscore in it, as Kubernetes allows them: letters in lower case, digits and hyphens, and dots in
/// that of a pod. What has other bytes was made by somebody else.
public struct PodLogName: Sendable, Equatable {
    /// The pod's name.
    public let pod: Range<Int>
    /// The namespace's.
    public let namespace: Range<Int>
    /// The container's name in its pod; empty where it is not known.
    public let container: Range<Int>
    /// The container's 64 hexadecimal digits.
    public let containerID: Range<Int>

    /// What a file system takes; kubelet cuts what would be longer before the container's number.
    public static let longestName = 255
    private static let digits = 64
    private static let longestLabel = 63
    private static let longestPod = 253

    /// - Returns: nil if the name is not made so.
    public init?(_ name: Span<UInt8>) {
        let end = name.count - 4
        let hyphen = end - PodLogName.digits - 1
        guard name.count <= PodLogName.longestName, hyphen > 0, name.hasSuffix(".log"),
            name[hyphen] == UInt8(ascii: "-"), name.extracting((hyphen + 1)..<end).isHexadecimal,
            let first = name.firstIndex(of: UInt8(ascii: "_"), in: 0..<hyphen),
            let second = name.firstIndex(of: UInt8(ascii: "_"), in: (first + 1)..<hyphen)
        else { return nil }
        pod = 0..<first
        namespace = (first + 1)..<second
        containerID = (hyphen + 1)..<end
        let mayBeCut = name.count == PodLogName.longestName
        container = mayBeCut ? hyphen..<hyphen : (second + 1)..<hyphen
        guard pod.count <= PodLogName.longestPod, name.isKubernetesName(pod, withDots: true),
            name.isLabel(namespace, atMost: PodLogName.longestLabel),
            mayBeCut || name.isLabel(container, atMost: PodLogName.longestLabel)
        else { return nil }
    }
}

extension Span<UInt8> {
    fileprivate func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        for index in range where self[index] == byte { return index }
        return nil
    }

    fileprivate func isLabel(_ range: Range<Int>, atMost length: Int) -> Bool {
        range.count <= length && isKubernetesName(range, withDots: false)
    }

    /// Letters, digits and hyphens, and where allowed dots, each part between dots with a letter or a digit at both ends.
    fileprivate func isKubernetesName(_ range: Range<Int>, withDots: Bool) -> Bool {
        var wasLetter = false
        var isAtStart = true
        for index in range {
            let byte = self[index]
            let isLetter = byte.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            if byte == UInt8(ascii: ".") {
                guard withDots, wasLetter else { return false }
                isAtStart = true
            } else {
                guard isLetter || (byte == UInt8(ascii: "-") && !isAtStart) else { return false }
                isAtStart = false
            }
            wasLetter = isLetter
        }
        return wasLetter
    }
}
