import Bytes
import CPage

/// The page at `/`, but for its numbers: what stands before them and after them, and what it may do in a browser.
enum PageHalves {
    /// How long both are together.
    static var byteCount: Int { cpage_before_length + cpage_after_length }

    /// The value of Content-Security-Policy.
    static var contentPolicy: String { unsafe String(cString: cpage_policy_text()) }

    static func appendFirst(to page: inout ByteBuffer) {
        unsafe page.append(UnsafeBufferPointer(start: cpage_before_bytes(), count: cpage_before_length).span)
    }

    static func appendSecond(to page: inout ByteBuffer) {
        unsafe page.append(UnsafeBufferPointer(start: cpage_after_bytes(), count: cpage_after_length).span)
    }
}
