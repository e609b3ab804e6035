import TestSupport

@testable import Kernel

/// Sends a text, as much of it as the kernel takes.
func send(_ text: String, over socket: borrowing FileDescriptor) -> Transfer {
    let bytes = Array(text.utf8)
    return socket.send(bytes.span, bytes.span.extracting(0..<0))
}

/// Receives what arrived, or why nothing did.
func receive(over socket: borrowing FileDescriptor, atMost count: Int = 65_536) -> (transfer: Transfer, text: String) {
    var bytes: [UInt8] = []
    var transfer = Transfer.wouldBlock
    bytes.append(addingCapacity: count) { output in transfer = socket.receive(into: &output) }
    return (transfer, String(decoding: bytes, as: UTF8.self))
}

/// Receives once something arrived: loopback may take a moment.
func receiveWhenReady(over socket: borrowing FileDescriptor) throws -> (transfer: Transfer, text: String) {
    try waitUntilReady(socket, .readable)
    return receive(over: socket)
}

/// Waits until a descriptor is ready; five seconds are more than any test machine needs.
func waitUntilReady(_ descriptor: borrowing FileDescriptor, _ interest: Interest) throws {
    let epoll = try Epoll()
    try epoll.add(descriptor, interest, token: 0)
    var batch = EventBatch(capacity: 1)
    try epoll.wait(into: &batch, timeoutMilliseconds: 5000)
}

/// A buffer to send without a copy.
func emptyBuffer() throws -> ZeroCopyBuffer {
    guard let buffer = ZeroCopyBuffer() else { throw SystemCallFailure(call: "memfd_create") }
    return buffer
}
