public import Bytes

/// Pages.
extension Registry {
    /// Writes a page: the selected families in the order of their declaration, without the series that are absent.
    ///
    /// - Parameter showsCreated: whether OpenMetrics has a `_created` series for each counter and histogram, which Prometheus
    ///   stores like any other. Protobuf always says since when they count, text 0.0.4 never does.
    public func encode(
        _ exposition: Exposition, selecting selection: FamilySelection = .all, showsCreated: Bool = false,
        into page: inout ByteBuffer
    ) {
        for index in families.indices
        where selection.contains(index) && families[index].content.isShown(in: exposition) {
            append(families[index], exposition, showsCreated: showsCreated, to: &page)
        }
        if exposition == .openMetrics { page.append(Registry.endOfOpenMetrics) }
    }

    private func append(_ family: Family, _ exposition: Exposition, showsCreated: Bool, to page: inout ByteBuffer) {
        switch tables[index: family.table] {
        case .some(let table):
            switch exposition {
            case .text: appendText(family, table, exposition, showsCreated: false, to: &page)
            case .openMetrics: appendText(family, table, exposition, showsCreated: showsCreated, to: &page)
            case .protobuf: appendProtobuf(family, table, to: &page)
            }
        case .none: preconditionFailure()
        }
    }

    /// Since when a row has been counting; nil where that is not known.
    func startUnixMilliseconds(of row: Table.RowFacts) -> UInt64? {
        row.startUnixMilliseconds ?? (startUnixMilliseconds == 0 ? nil : startUnixMilliseconds)
    }
}
