import Bytes
import HTTP
import TestSupport
import Testing

@Suite struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_104_537_599, "Fri, 31 Dec 2004 23:59:59 GMT"),
            (1_709_209_815, "Thu, 29 Feb 2024 12:30:15 GMT"),
            (1_795_532_400, "Tue, 24 Nov 2026 15:00:00 GMT"),
            (2_147_483_647, "Tue, 19 Jan 2038 03:14:07 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (13_574_563_200, "Tue, 29 Feb 2400 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(UInt64, String)])
    func `a known time has its known form`(unixSeconds: UInt64, text: String) {
        #expect(written(unixSeconds) == text)
    }

    @Test(
        arguments: [
            (1_673_308_800, "Tue, 10 Jan 2023 00:00:00 GMT"),
            (1_676_073_600, "Sat, 11 Feb 2023 00:00:00 GMT"),
            (1_678_579_200, "Sun, 12 Mar 2023 00:00:00 GMT"),
            (1_681_344_000, "Thu, 13 Apr 2023 00:00:00 GMT"),
            (1_684_022_400, "Sun, 14 May 2023 00:00:00 GMT"),
            (1_686_787_200, "Thu, 15 Jun 2023 00:00:00 GMT"),
            (1_689_465_600, "Sun, 16 Jul 2023 00:00:00 GMT"),
            (1_692_230_400, "Thu, 17 Aug 2023 00:00:00 GMT"),
            (1_694_995_200, "Mon, 18 Sep 2023 00:00:00 GMT"),
            (1_697_673_600, "Thu, 19 Oct 2023 00:00:00 GMT"),
            (1_700_438_400, "Mon, 20 Nov 2023 00:00:00 GMT"),
            (1_703_116_800, "Thu, 21 Dec 2023 00:00:00 GMT"),
        ] as [(UInt64, String)])
    func `every month has its name`(unixSeconds: UInt64, text: String) {
        #expect(written(unixSeconds) == text)
    }

    @Test func `every time until the year 9999 is written in 29 bytes`() {
        var random = SplitMix64(seed: 29)
        for _ in 0..<1000 {
            #expect(written(UInt64.random(in: 0...253_402_300_799, using: &random)).utf8.count == 29)
        }
    }

    private func written(_ unixSeconds: UInt64) -> String {
        var buffer = ByteBuffer(capacity: 64)
        buffer.append(HTTPDate(unixSeconds: unixSeconds))
        return buffer.text()
    }
}
