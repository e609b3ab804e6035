extension Span<UInt8> {
    /// Whether the bytes are text in UTF-8.
    public var isUTF8: Bool {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: self)
            return true
        } catch {
            return false
        }
    }
}
