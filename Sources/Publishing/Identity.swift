import Bytes

extension FeedDevice {
    /// The longest identity that a feed can have, in bytes.
    public static let longestIdentity = 96

    /// An identity as feeds have it, which is shorter where it is too long.
    public static func shortened(_ identity: String) -> String {
        Bytes.shortened(identity, toBytes: longestIdentity)
    }
}
