import Bytes
public import Kernel

/// Keeps the accounts in memory that outlives this process, so that a restart, an upgrade or SIGKILL continues the same totals.
///
/// Two copies are written in turn, each with a checksum and a growing number: whoever is killed in the middle of a write leaves
/// the other one whole. What the hardware counted meanwhile is added by the accountant, like any interval between two readings.
public struct Ledger: ~Copyable {
    /// The memory that a ledger needs: two copies.
    public static let memoryBytes = LedgerImage.longestBytes * 2

    private var memory: SharedMemory
    private var sequence: UInt64 = 0
    private var scratch = ByteBuffer(capacity: LedgerImage.longestBytes)
    private var identities: [UInt64] = []
    private var startUnixMicroseconds: UInt64
    private let boot: BootIdentity

    /// - Parameter nowUnixMicroseconds: the wall clock, for a ledger that begins now.
    public init(_ memory: consuming SharedMemory, boot: BootIdentity, nowUnixMicroseconds: UInt64) {
        precondition(memory.length == Ledger.memoryBytes)
        self.memory = memory
        self.boot = boot
        startUnixMicroseconds = nowUnixMicroseconds
    }

    /// What became of the domains of an earlier run.
    public enum Restoration: Equatable, Sendable {
        /// There was none.
        case new
        /// So many domains go on.
        case restored(domains: Int)
        /// What is there cannot be used, and counting starts anew.
        case refused(String)
    }

    /// Reads what an earlier run left and lets the domains that match go on from it: same source, same domain, same range, same
    /// start of the machine. To be called once, before the first pass.
    public mutating func restore(_ sampler: inout Sampler, source: String) -> Restoration {
        identities = sampler.accounts.map { LedgerImage.identity(of: $0.domain, source: source) }
        let image: LedgerImage
        do throws(LedgerImage.Refusal) {
            image = try newest()
        } catch {
            switch error {
            case .empty: return .new
            case .unknownLayout: return .refused("it has an unknown layout")
            case .torn: return .refused("both of its copies are damaged")
            }
        }
        guard image.boot == boot else { return .refused("it is from before the machine was started") }
        var restored = 0
        for (index, identity) in identities.enumerated() {
            guard let record = image.records.first(where: { $0.identity == identity }),
                record.accountant.modulus == sampler.accounts[index].accountant.modulus
            else { continue }
            let bound = sampler.accounts[index].accountant.boundMicrowatts
            sampler.restore(
                index, record.accountant.withBound(bound), startUnixMicroseconds: image.startUnixMicroseconds)
            restored += 1
        }
        guard restored > 0 else { return .refused("none of its domains is measured now") }
        startUnixMicroseconds = image.startUnixMicroseconds
        return .restored(domains: restored)
    }

    /// Writes the accounts over the older of the two copies.
    public mutating func write(_ sampler: borrowing Sampler) {
        sequence += 1
        scratch.removeAll()
        LedgerImage.encode(
            boot: boot, startUnixMicroseconds: startUnixMicroseconds, sequence: sequence, accounts: sampler.accounts,
            identities: identities, into: &scratch)
        precondition(!scratch.overflowed)
        let offset = sequence % 2 == 0 ? 0 : LedgerImage.longestBytes
        scratch.withBytes { memory.write($0, at: offset) }
    }

    /// The newer one of the copies that are whole.
    private mutating func newest() throws(LedgerImage.Refusal) -> LedgerImage {
        let first = Ledger.decode(memory, at: 0)
        let second = Ledger.decode(memory, at: LedgerImage.longestBytes)
        switch (first, second) {
        case (.success(let one), .success(let other)):
            let newer = one.sequence > other.sequence ? one : other
            sequence = newer.sequence
            return newer.image
        case (.success(let one), .failure), (.failure, .success(let one)):
            sequence = one.sequence
            return one.image
        case (.failure(let one), .failure(let other)):
            throw one == .empty ? other : one
        }
    }

    private static func decode(
        _ memory: borrowing SharedMemory, at offset: Int
    ) -> Result<(image: LedgerImage, sequence: UInt64), LedgerImage.Refusal> {
        memory.withBytes(offset..<(offset + LedgerImage.longestBytes)) { bytes in
            do throws(LedgerImage.Refusal) {
                return .success(try LedgerImage.decode(bytes))
            } catch {
                return .failure(error)
            }
        }
    }
}
