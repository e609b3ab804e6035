import Bytes
import Testing

@Suite struct CaseTableTests {
    private enum Color: String, CaseIterable {
        case red = "z"
        case green = "b"
        case blue = "a"
    }

    private enum Sparse: Int, CaseIterable {
        case last = 900
        case first = -1
    }

    @Test func `each case has its value`() {
        var table = CaseTable<Color, Int>(repeating: 7)
        #expect(Color.allCases.map { table[$0] } == [7, 7, 7])
        table[.green] += 1
        #expect(Color.allCases.map { table[$0] } == [7, 8, 7])
        #expect(table.keys == [.red, .green, .blue])
    }

    @Test func `values are made for each case, in the order of declaration`() {
        var asked: [Color] = []
        let table = CaseTable<Color, String> { color in
            asked.append(color)
            return color.rawValue
        }
        #expect(asked == [.red, .green, .blue])
        #expect(table[.blue] == "a")
        let sparse = CaseTable<Sparse, Int> { $0.rawValue }
        #expect(sparse[.first] == -1 && sparse[.last] == 900)
    }
}
