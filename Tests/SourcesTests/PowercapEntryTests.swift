import Testing

@testable import Sources

@Suite struct PowercapEntryTests {
    @Test func `numbers are hexadecimal, and parts follow what they lie in`() {
        let names = ["t:10", "t:9", "t:a:0", "t:f", "t:a", "t:1", "t:0:b", "t:0:2", "t:0"]
        #expect(
            names.compactMap { PowercapEntry($0) }.sorted().map(\.name) == [
                "t:0", "t:0:2", "t:0:b", "t:1", "t:9", "t:a", "t:a:0", "t:f", "t:10",
            ])
    }

    @Test func `what has no number comes last, in the order of its letters`() {
        let names = ["t:x", "t:", "t:ff", "t:main"]
        #expect(names.compactMap { PowercapEntry($0) }.sorted().map(\.name) == ["t:ff", "t:", "t:main", "t:x"])
    }

    @Test func `the order is one, whatever the names are`() {
        let names = ["t:", "t::", "t:0", "t:00", "t:0:", "t:0:0", "t:a", "t:A", "t:x", "t:x:1", "t:g:g:g", "t:1:2:3:4"]
        let entries = names.compactMap { PowercapEntry($0) }
        for one in entries {
            #expect((one < one) == false)
            for other in entries where one != other {
                #expect((one < other) != (other < one), "\(one.name) and \(other.name)")
                for third in entries where one < other && other < third { #expect(one < third) }
            }
        }
    }

    @Test func `an entry tells its control type and its parent`() {
        #expect(PowercapEntry("intel-rapl") == nil)
        #expect(PowercapEntry("arm-scmi:0:1:a")?.controlType == "arm-scmi")
        #expect(PowercapEntry("arm-scmi:0:1:a")?.parent?.name == "arm-scmi:0:1")
        #expect(PowercapEntry("arm-scmi:0")?.parent == nil)
    }

    @Test(arguments: ["t:0", "t:a", "t:0:ff"])
    func `zones of RAPL have one number or two`(name: String) {
        #expect(PowercapEntry(name)?.hasNumbersOfRAPL == true)
        #expect(PowercapEntry(name + ":0:0")?.hasNumbersOfRAPL == false)
        #expect(PowercapEntry(name + "x")?.hasNumbersOfRAPL == false)
    }
}
