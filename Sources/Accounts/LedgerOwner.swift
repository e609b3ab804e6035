/// Whose a file is that is to hold a ledger, by what it holds.
public enum LedgerOwner: Sendable {
    /// A ledger, of whatever version and however damaged.
    case ledger
    /// Nothing was ever written to it.
    case nobody
    /// Another program's, or a person's.
    case somebodyElse

    /// - Parameters:
    ///   - beginning: what it holds, with zeros where it ends before two images would.
    ///   - size: the whole file's, in bytes.
    public init(beginning: Span<UInt8>, size: Int) {
        let words = WordReader(beginning)
        let isLedger = LedgerOwner.places.contains { place in
            place / 8 < words.count && words[place / 8, beginning] & LedgerOwner.nameMask == LedgerOwner.name
        }
        guard !isLedger else {
            self = .ledger
            return
        }
        let isBlank = LedgerOwner.blankSizes.contains(size) && beginning.indices.allSatisfy { beginning[$0] == 0 }
        self = isBlank ? .nobody : .somebodyElse
    }

    /// Where an image begins, in either layout.
    private static let places = [0, FirstLayout.imageBytes, LedgerImage.longestBytes]
    /// What a program leaves that has allocated the file and was ended before it wrote, in either layout, or that had no room.
    private static let blankSizes = [0, FirstLayout.imageBytes * 2, LedgerImage.longestBytes * 2]
    /// "PJLEDGR", without the layout's version.
    private static let name = LedgerImage.magic & nameMask
    private static let nameMask: UInt64 = 0x00FF_FFFF_FFFF_FFFF
}
