public import Counters

/// Sources that show counters which count nothing.
extension Sources {
    /// Gives up a kind none of whose counters moves: what would be read in its place is looked for from now on. The counters are read
    /// on, so that it is noticed when one moves after all.
    public mutating func giveUp(_ kind: SourceKind) {
        givenUp.insert(kind)
        openKinds.remove(kind)
        for index in searches.indices where searches[index].rivals.contains(kind) { searches[index].lookAtOnce() }
        settle(kind)
    }

    /// Takes back a kind that moves after all, unless another one is read in its place meanwhile.
    public mutating func takeBack(_ kind: SourceKind) {
        guard let search = searches.first(where: { $0.kind == kind }), !openKinds.intersects(search.rivals) else {
            return
        }
        givenUp.remove(kind)
        openKinds.insert(kind)
        settle(kind)
    }

    private mutating func settle(_ kind: SourceKind) {
        guard let search = searches.first(where: { $0.kind == kind }) else { return }
        report.settle(kind, search.row, outcome(kind), order: searches.map(\.kind))
    }

    static func stillness(_ kind: SourceKind) -> SourceAttempt.Outcome {
        .unreadable("none of the counters of \(kind.rawValue) moves")
    }
}
