import CLinux
import Glibc

/// What moving bytes over a socket gave.
public enum Transfer: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    /// The peer will send no more.
    case endOfFile
    /// The connection is of no further use: reset, timed out, or broken.
    case failed(ErrorCode)

    /// What sending a piece gave.
    init(sending outcome: Outcome) {
        switch outcome {
        case .value(let count): self = .bytes(count)
        case .failure(let code): self = code.number == EAGAIN ? .wouldBlock : .failed(code)
        }
    }
}

extension FileDescriptor {
    /// Takes what arrived, as much as fits; never waits. See recv(2).
    public borrowing func receive(into output: inout OutputSpan<UInt8>) -> Transfer {
        precondition(output.freeCapacity > 0)
        let number = self.number
        switch unsafe fill(&output, with: { buffer, count in unsafe recv(number, buffer, count, Int32(MSG_DONTWAIT)) })
        {
        case .value(0): return .endOfFile
        case .value(let count): return .bytes(count)
        case .failure(let code): return code.number == EAGAIN ? .wouldBlock : .failed(code)
        }
    }

    /// Sends two pieces one after the other, as much of them as the kernel takes; never waits, never raises SIGPIPE. See send(2).
    ///
    /// - Parameter pieceBytes: the most for one call. The kernel looks at its limit before it begins to take a piece, not while it does.
    public borrowing func send(_ first: Span<UInt8>, _ second: Span<UInt8>, pieceBytes: Int = .max) -> Transfer {
        let total = first.count + second.count
        guard total > pieceBytes else { return sendPiece(first, second) }
        return FileDescriptor.sendPieces(of: total, pieceBytes) { piece in
            sendPiece(
                first.extracting(min(piece.lowerBound, first.count)..<min(piece.upperBound, first.count)),
                second.extracting(max(0, piece.lowerBound - first.count)..<max(0, piece.upperBound - first.count)))
        }
    }

    /// Sends one piece after the other, until the kernel takes less than one; how much it took of all, or why nothing.
    @inline(__always)
    static func sendPieces(of total: Int, _ pieceBytes: Int, _ send: (Range<Int>) -> Transfer) -> Transfer {
        var sent = 0
        repeat {
            let end = sent + min(total - sent, pieceBytes)
            let transfer = send(sent..<end)
            guard case .bytes(let count) = transfer else { return sent > 0 ? .bytes(sent) : transfer }
            sent += count
            if sent < end { break }
        } while sent < total
        return .bytes(sent)
    }

    private borrowing func sendPiece(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Transfer {
        let number = self.number
        let outcome = unsafe first.withUnsafeBytes { head in
            unsafe second.withUnsafeBytes { body in
                guard let base = unsafe head.baseAddress ?? body.baseAddress else { return Outcome.value(0) }
                return attempt {
                    unsafe clinux_send_pair(number, base, head.count, body.baseAddress, body.count)
                }
            }
        }
        return Transfer(sending: outcome)
    }

    /// Says that nothing more will be sent, and still receives; false if the peer has left. See shutdown(2).
    public borrowing func finishSending() -> Bool {
        let number = self.number
        if case .value = attempt({ Int(shutdown(number, Int32(SHUT_WR))) }) { return true }
        return false
    }

    /// Lets the close drop what is unsent and reset the connection, so that a peer that never reads holds no kernel memory. See
    /// SO_LINGER in socket(7).
    public borrowing func resetOnClose() {
        var setting = linger(l_onoff: 1, l_linger: 0)
        let number = self.number
        _ = attempt {
            unsafe Int(setsockopt(number, SOL_SOCKET, SO_LINGER, &setting, socklen_t(MemoryLayout<linger>.size)))
        }
    }

    /// Has the kernel keep little for a socket, or for those that a listener accepts. See SO_SNDBUF and SO_RCVBUF in socket(7).
    borrowing func keep(_ buffers: SocketBuffers) throws(SystemError) {
        try setOption(SOL_SOCKET, SO_SNDBUF, Int32(clamping: buffers.sendBytes))
        try setOption(SOL_SOCKET, SO_RCVBUF, Int32(clamping: buffers.receiveBytes))
    }

    /// The same for what is sent alone, where a failure changes nothing else.
    borrowing func keep(sending bytes: Int) {
        var value = Int32(clamping: bytes)
        let number = self.number
        _ = attempt {
            unsafe Int(setsockopt(number, SOL_SOCKET, SO_SNDBUF, &value, socklen_t(MemoryLayout<Int32>.size)))
        }
    }

    borrowing func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
        var value = value
        let number = self.number
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = try attempt { unsafe Int(setsockopt(number, level, name, &value, size)) }.orThrow("setsockopt")
    }

    borrowing func option(_ level: Int32, _ name: Int32) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let number = self.number
        _ = try attempt { unsafe Int(getsockopt(number, level, name, &value, &size)) }.orThrow("getsockopt")
        return value
    }

    /// Gives a socket its address. See bind(2).
    borrowing func bind<Address>(to address: Address) throws(SystemError) {
        _ = try unsafe withGenericAddress(address) { number, address, size in unsafe Glibc.bind(number, address, size) }
            .orThrow("bind")
    }

    /// Connects a socket that does not wait; `EAGAIN` is a failure like any other. See connect(2).
    borrowing func connect<Address>(to address: Address) -> Outcome {
        unsafe withGenericAddress(address) { number, address, size in unsafe Glibc.connect(number, address, size) }
    }

    private borrowing func withGenericAddress<Address>(
        _ address: Address, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Outcome {
        let number = self.number
        return unsafe withUnsafeBytes(of: address) { bytes in
            guard let base = bytes.baseAddress else { return .failure(.invalidArgument) }
            return attempt {
                unsafe Int(call(number, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)))
            }
        }
    }

    borrowing func localAddress() throws(SystemError) -> sockaddr_storage {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let number = self.number
        let outcome = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            attempt {
                unsafe Int(getsockname(number, bytes.bindMemory(to: sockaddr.self).baseAddress, &size))
            }
        }
        _ = try outcome.orThrow("getsockname")
        return address
    }
}
