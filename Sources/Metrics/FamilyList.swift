import Bytes

/// What is known of families before any row opens.
extension Registry {
    /// Of each family in turn, the lines that OpenMetrics begins it with, and one `# LABELS name a,b` with the names that labels of
    /// its rows can have.
    ///
    /// It allocates: it is for those who make the reference of all families.
    public func familyList() -> String {
        var list = ""
        for family in families {
            let names = tables[index: family.table]?.labelNames() ?? []
            let labels = names.map(\.description).joined(separator: ",")
            list += text(family.text.headers[.openMetrics])
            list += "# LABELS \(text(family.text.stem)) \(labels)\n"
        }
        return list
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: prepared.bytes[range], as: UTF8.self)
    }
}
