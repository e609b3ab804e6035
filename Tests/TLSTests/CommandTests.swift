import Glibc
import Kernel
import TLS
import TestSupport
import Testing

/// What programs that others wrote make of the server.
@Suite struct CommandTests {
    let authorities: Authorities

    init() throws {
        authorities = try Authorities.shared.get()
    }

    @Test(arguments: ["--tls-max 1.2", "--tlsv1.3", "--http1.1", "--http2"])
    func `curl gets its answer`(options: String) throws {
        let run = try serve(try TLSContext(authorities.setup())) { port in
            "curl --silent --show-error --max-time 10 --cacert ca.crt \(options) https://127.0.0.1:\(port)/ | cmp - body"
        }
        #expect(run.status == 0)
        #expect(run.failures.isEmpty)
    }

    @Test func `curl shows its certificate`() throws {
        var setup = authorities.setup("server-chain")
        setup.clientAuthorities = authorities["ca.crt"]
        setup.settings.clientAuthentication = .requireAndVerify
        setup.settings.allowedSubjectAlternativeNames = ["scraper.example"]
        let context = try TLSContext(setup)
        let command = "curl --silent --max-time 10 --cacert ca.crt"
        let known = try serve(context) { port in
            "\(command) --cert client.crt --key client.key https://127.0.0.1:\(port)/ | cmp - body"
        }
        #expect(known.status == 0)
        let unknown = try serve(context) { port in "\(command) https://127.0.0.1:\(port)/ | cmp - body" }
        #expect(unknown.status != 0)
        #expect(unknown.failures == [.certificateMissing])
    }

    @Test(arguments: [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false), ("-tls1", false)])
    func `openssl connects with the versions that are on`(option: String, connects: Bool) throws {
        let run = try serve(try TLSContext(authorities.setup())) { port in
            """
            printf 'GET / HTTP/1.1\\r\\n\\r\\n' | timeout 10 openssl s_client -quiet -connect 127.0.0.1:\(port) \
            -CAfile ca.crt -verify_return_error \(option) -cipher DEFAULT@SECLEVEL=0 > answer 2> log \
            && tail --bytes=700000 answer | cmp - body
            """
        }
        #expect((run.status == 0) == connects)
        #expect(run.failures == (connects ? [] : [.nothingInCommon]))
    }

    private struct Run {
        let status: Int32
        let failures: [TLSFailure.Kind]
    }

    /// Longer than the socket takes at once.
    private static let body = String(repeating: "energy ", count: 100_000)
    private static let deadlineSeconds: UInt64 = 20

    /// Answers everybody who connects until the command has ended. It runs where the certificates are, and the file `body` that
    /// it should be given.
    private func serve(_ context: borrowing TLSContext, _ command: (String) -> String) throws -> Run {
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let port = listener.name.split(separator: ":").last.map(String.init) ?? ""
        return try withTemporaryDirectory { directory in
            for name in ["ca.crt", "client.crt", "client.key"] { try authorities.write(name, to: directory) }
            try writeFile("\(directory)/body", CommandTests.body)
            let shell = try Shell(command(port), in: directory)
            let deadline = Clock.monotonicNanoseconds() + CommandTests.deadlineSeconds * 1_000_000_000
            var failures: [TLSFailure.Kind] = []
            while Clock.monotonicNanoseconds() < deadline {
                if case .accepted(let socket, _) = listener.accept() {
                    if let kind = try answer(socket, context, deadline) { failures.append(kind) }
                } else if let status = try shell.takeEnd() {
                    return Run(status: status, failures: failures)
                } else {
                    waitFor(listener.descriptor, POLLIN)
                }
            }
            shell.kill()
            throw ScriptFailure(status: try shell.wait())
        }
    }

    /// Answers one request and closes; what went wrong, if anything did.
    private func answer(
        _ socket: borrowing FileDescriptor, _ context: borrowing TLSContext, _ deadline: UInt64
    ) throws -> TLSFailure.Kind? {
        var session = try context.accept(on: socket)
        var step = session.handshake()
        while step != .done, Clock.monotonicNanoseconds() < deadline {
            if case .failed(let failure) = step { return failure.kind }
            waitFor(socket, step == .wantsRead ? POLLIN : POLLOUT)
            step = session.handshake()
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(CommandTests.body.utf8.count)\r\n\r\n"
        let response = Array((head + CommandTests.body).utf8)
        var request: [UInt8] = []
        var sent = 0
        while sent < response.count, Clock.monotonicNanoseconds() < deadline {
            var transfer = TLSTransfer.wantsRead
            if request.suffix(4) != [13, 10, 13, 10] {
                request.append(addingCapacity: 4096) { output in transfer = session.receive(into: &output) }
            } else {
                transfer = session.send(response.span.extracting(sent...), response.span.extracting(0..<0))
                if case .bytes(let count) = transfer { sent += count }
            }
            switch transfer {
            case .bytes: break
            case .wantsRead: waitFor(socket, POLLIN)
            case .wantsWrite: waitFor(socket, POLLOUT)
            case .endOfFile: return nil
            case .failed(let failure): return failure.kind
            }
        }
        session.close()
        return nil
    }

    /// Waits until the socket is ready, but never long: the command may have ended.
    private func waitFor(_ socket: borrowing FileDescriptor, _ events: Int32) {
        socket.withNumber { number in
            var watched = pollfd(fd: number, events: Int16(events), revents: 0)
            _ = poll(&watched, 1, 20)
        }
    }
}
