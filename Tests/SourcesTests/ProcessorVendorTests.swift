import Counters
import Testing

@testable import Sources

@Suite struct ProcessorVendorTests {
    @Test(
        arguments: [
            ("processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n", .intel),
            ("processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n", .amd),
            ("processor\t: 0\nvendor_id\t: HygonGenuine\ncpu family\t: 24\n", .amd),
            ("vendor_id:GenuineIntel", .intel),
            ("vendor_id\t: GenuineIntel\n\nvendor_id\t: AuthenticAMD\n", .intel),
            ("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n", .unknown),
            ("vendor_id\t: CentaurHauls\n", .unknown),
            ("vendor_id\n", .unknown),
            ("vendor_id\t:\n", .unknown),
            ("model name\t: GenuineIntel\n", .unknown),
            ("", .unknown),
        ] as [(String, ProcessorVendor)])
    func `the vendor is what the first vendor_id says`(cpuinfo: String, vendor: ProcessorVendor) {
        #expect(ProcessorVendor(cpuinfo: cpuinfo) == vendor)
    }
}
