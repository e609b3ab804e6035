/// A number and what it counts, for people: `1 counter`, `5 counters`.
public func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
