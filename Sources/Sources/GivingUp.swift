public import Counters

/// Sources whose counters turned out to be none.
extension Sources {
    /// Takes a kind none of whose counters moves for no source, and opens what reads the same in its place. Its counters can be read
    /// on, in case one of them moves.
    public mutating func giveUp(_ kind: SourceKind) -> SearchResult {
        givenUp.insert(kind)
        return settle(kind)
    }

    /// Takes a kind for a source again, because one of its counters moved.
    ///
    /// - Returns: what changed; nil if another kind is read in its place by now.
    public mutating func takeBack(_ kind: SourceKind) -> SearchResult? {
        guard let search = searches.first(where: { $0.kind == kind }), !countedKinds.intersects(search.rivals) else {
            return nil
        }
        givenUp.remove(kind)
        return settle(kind)
    }

    private mutating func settle(_ kind: SourceKind) -> SearchResult {
        guard let search = searches.first(where: { $0.kind == kind }) else { return SearchResult() }
        report.settle(kind, search.row, outcome(kind), order: searches.map(\.kind))
        var result = find([], among: search.rivals)
        result.hasChanged = true
        return result
    }
}
