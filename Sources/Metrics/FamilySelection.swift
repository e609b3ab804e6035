import Bytes

/// Some of a registry's families, for a page that shows no others: a bit for each, in the order of their declaration.
public struct FamilySelection: Sendable, Equatable {
    /// A registry has at most so many families.
    public static let mostFamilies = 128
    /// Every family.
    public static let all = FamilySelection(bits: .max)

    fileprivate var bits: UInt128

    /// Nothing is selected.
    public init() {
        bits = 0
    }

    private init(bits: UInt128) {
        self.bits = bits
    }

    func contains(_ family: Int) -> Bool {
        bits &>> UInt128(truncatingIfNeeded: family) & 1 == 1
    }

    mutating func insert(_ family: Int) {
        precondition(family >= 0 && family < FamilySelection.mostFamilies)
        bits |= 1 << UInt128(family)
    }
}

extension Registry {
    /// A number that equal selections have in common; nil for one of every family.
    public func key(_ selection: FamilySelection) -> UInt128? {
        let every = families.count < FamilySelection.mostFamilies ? 1 << UInt128(families.count) - 1 : UInt128.max
        return selection.bits & every == every ? nil : selection.bits
    }

    /// Adds the families that a `name[]` parameter asks for: by the family's name, by its name in OpenMetrics, which lacks a
    /// counter's `_total`, or by the name of one of its series. A name that nothing has adds nothing.
    public func select(_ name: Span<UInt8>, into selection: inout FamilySelection) {
        let all = prepared.bytes.span
        for index in families.indices {
            let stem = all.extracting(families[index].text.stem)
            // Most are ruled out by one byte: whatever follows a stem begins like this.
            let length = stem.count
            guard name.count == length || name.count > length && name[length] == UInt8(ascii: "_"),
                name.hasPrefix(stem)
            else { continue }
            if families[index].text.type.canBeNamed(withSuffix: name.extracting(stem.count...)) {
                selection.insert(index)
            }
        }
    }
}
