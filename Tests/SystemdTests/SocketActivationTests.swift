import Kernel
import Systemd
import Testing

@Suite struct SocketActivationTests {
    @Test(.enabled(if: Process.environment("LISTEN_FDS") == nil))
    func `a program that was started without sockets takes none`() {
        var names: [String] = []
        let count = SocketActivation.takeDescriptors { name, _ in names.append(name) }
        #expect(count == 0)
        #expect(names == [])
    }
}
