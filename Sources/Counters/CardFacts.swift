/// What tells a GPU's card from others, in the words of whoever made it; each is empty where nobody knows.
public struct CardFacts: Sendable, Equatable {
    /// Who made it: `nvidia`, `amd`, `intel`.
    public var vendor: String
    /// Such as `NVIDIA H200`.
    public var model: String
    /// Its own for ever.
    public var uuid: String
    /// Its place on the bus, as NVIDIA's tools write it: `00000000:00:06.0`.
    public var address: String

    /// A card.
    public init(vendor: String = "", model: String = "", uuid: String = "", address: String = "") {
        self.vendor = vendor
        self.model = model
        self.uuid = uuid
        self.address = address
    }
}
