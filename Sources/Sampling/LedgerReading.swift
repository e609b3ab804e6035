import Accounts

/// What an earlier run left.
extension LedgerStore {
    /// The newer one of the copies that are whole, and the number after which the next write goes over the older one.
    func newest() throws(LedgerImage.Refusal) -> (image: LedgerImage, sequence: UInt64) {
        let second = decode(at: LedgerImage.longestBytes, LedgerImage.longestBytes)
        if case .failure = second, hasFirstLayout {
            let image = try LedgerStore.newer(
                decode(at: 0, FirstLayout.imageBytes), decode(at: FirstLayout.imageBytes, FirstLayout.imageBytes))
            // The next write goes to the second copy, so that what is here stays until that is whole.
            return (image, image.sequence + image.sequence % 2)
        }
        let image = try LedgerStore.newer(decode(at: 0, LedgerImage.longestBytes), second)
        return (image, image.sequence)
    }

    /// The first copy is of the first layout, or was never written while the second one of that layout was.
    private var hasFirstLayout: Bool {
        let first = withBytes(0..<FirstLayout.imageBytes) { FirstLayout.begins($0) }
        let second = withBytes(FirstLayout.imageBytes..<Ledger.firstLayoutMemoryBytes) { FirstLayout.begins($0) }
        return first ?? second ?? false
    }

    /// The newer one of two copies, if one is whole.
    private static func newer(
        _ first: Result<LedgerImage, LedgerImage.Refusal>, _ second: Result<LedgerImage, LedgerImage.Refusal>
    ) throws(LedgerImage.Refusal) -> LedgerImage {
        switch (first, second) {
        case (.success(let one), .success(let other)): return one.sequence > other.sequence ? one : other
        case (.success(let one), .failure), (.failure, .success(let one)): return one
        case (.failure(let one), .failure(let other)): throw one == .empty ? other : one
        }
    }

    private func decode(at offset: Int, _ count: Int) -> Result<LedgerImage, LedgerImage.Refusal> {
        withBytes(offset..<(offset + count)) { bytes in
            do throws(LedgerImage.Refusal) {
                return .success(try LedgerImage.decode(bytes))
            } catch {
                return .failure(error)
            }
        }
    }
}
