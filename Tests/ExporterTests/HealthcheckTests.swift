import ArgumentParser
import Bytes
import Kernel
import TestSupport
import Testing

@testable import Doctor
@testable import Exporter

@Suite struct HealthcheckTests {
    @Test func `by default this machine is asked on the default port whether it runs`() throws {
        let probe = try probe([])
        #expect(probe.address == .any(port: 9091))
        #expect(probe.question == .healthy)
        #expect(probe.patienceNanoseconds == 3_000_000_000)
        #expect(probe.place == "http://127.0.0.1:9091")
    }

    @Test func `the environment sets the port, and a flag beats it`() throws {
        #expect(try probe([], ["EXPORTER_PORT": "9191"]).address == .any(port: 9191))
        #expect(try probe([], ["EXPORTER_PORT": ""]).address == .any(port: 9091))
        let named = try probe(["--web.listen-address", ":80"], ["EXPORTER_PORT": "x"])
        #expect(named.address == .any(port: 80))
        #expect(throws: WrongValue.self) { try probe([], ["EXPORTER_PORT": "x"]) }
        #expect(try probe([], ["EXPORTER_PORT": "tcp://10.0.0.7:9191"]).address == .any(port: 9091))
    }

    @Test func `what is asked and how long is said by options`() throws {
        let probe = try probe(["--ready", "--timeout", "500ms", "--web.listen-address", "[::1]:9091"])
        #expect(probe.question == .ready)
        #expect(probe.patienceNanoseconds == 500_000_000)
        #expect(probe.place == "http://[::1]:9091")
    }

    @Test(arguments: [["--timeout", "0"], ["--timeout", "61s"], ["--web.listen-address", "9091"]])
    func `a wrong value is an error that names the option and the value`(arguments: [String]) {
        do {
            _ = try Command.parseAsRoot(["healthcheck"] + arguments)
            Issue.record("accepted")
        } catch {
            #expect(Command.exitCode(for: error).rawValue == 64)
            let message = Command.message(for: error)
            #expect(message.contains(arguments[0]))
            #expect(message.contains("'\(arguments[1])'"))
            #expect(message.contains("allowed"))
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\npyjoules-exporter: OK.\n", HealthQuestion.healthy, true, "is healthy"),
        ("HTTP/1.1 200 OK\r\n\r\npyjoules-exporter: OK.\n", .ready, true, "is ready"),
        ("HTTP/1.1 200\r\n\r\npyjoules-exporter: \n", .healthy, true, "is healthy"),
        ("HTTP/1.1 401 Unauthorized\r\n\r\npyjoules-exporter: \n", .healthy, true, "password"),
        ("HTTP/1.1 401 Unauthorized\r\n\r\npyjoules-exporter: \n", .ready, false, "leave out --ready"),
        ("HTTP/1.1 429 Too Many Requests\r\n\r\npyjoules-exporter: \n", .healthy, true, "rate"),
        ("HTTP/1.1 400 Bad Request\r\n\r\npyjoules-exporter: This port speaks TLS: use https", .healthy, true, "TLS"),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\npyjoules-exporter: This port speaks TLS: use https", .ready, false,
            "leave out --ready"
        ),
        ("HTTP/1.1 400 Bad Request\r\n\r\npyjoules-exporter: \n", .healthy, false, "status 400"),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\npyjoules-exporter: \n", .healthy, false, "--web.max-connections"),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\npyjoules-exporter: \n", .ready, false, "no sample yet"),
        ("HTTP/1.1 404 Not Found\r\n\r\npyjoules-exporter: \n", .healthy, false, "is not pyjoules-exporter"),
        ("HTTP/1.1 500 Oh\r\n\r\npyjoules-exporter: \n", .healthy, false, "status 500"),
        // Pushgateway, Prometheus, and a proxy: healthy, and others.
        ("HTTP/1.1 200 OK\r\n\r\nOK", .healthy, false, "is not pyjoules-exporter"),
        ("HTTP/1.1 200 OK\r\n\r\nPrometheus Server is Healthy.\n", .ready, false, "is not pyjoules-exporter"),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\n", .healthy, false,
            "is not pyjoules-exporter"
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", .healthy, false, "does not speak HTTP"),
        ("\u{15}\u{3}\u{1}", .healthy, false, "does not speak HTTP"),
        ("HTTP/1.1 two\r\n", .healthy, false, "does not speak HTTP"),
        ("HTTP/1.1 +20 OK\r\n", .healthy, false, "does not speak HTTP"),
        ("\r\n", .healthy, false, "does not speak HTTP"),
    ])
    func `an answer is judged by its status`(text: String, question: HealthQuestion, isWell: Bool, words: String) {
        switch HealthAnswer(Array(text.utf8)).verdict(on: question, place: "http://127.0.0.1:9091") {
        case .well(let sentence):
            #expect(isWell)
            #expect(sentence.contains(words))
        case .unwell(let sentence):
            #expect(!isWell)
            #expect(sentence.contains(words))
            #expect(sentence.contains("http://127.0.0.1:9091"))
        }
    }

    @Test(arguments: ["", "HTTP/1.1", "HTTP/1.1 200 OK\r\nDate: x\r\n"])
    func `a head without its end is not complete`(text: String) {
        #expect(!HealthAnswer(Array(text.utf8)).isComplete)
    }

    private func probe(_ arguments: [String], _ environment: [String: String] = [:]) throws -> HealthProbe {
        let command = try #require(try Command.parseAsRoot(["healthcheck"] + arguments) as? HealthcheckCommand)
        return command.probe(try command.port { environment[$0] })
    }
}
