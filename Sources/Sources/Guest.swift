import Kernel

extension Sources {
    /// The processor is one that a hypervisor shows to this system, as its flags say; see proc(5). It reads a file.
    public var isGuest: Bool {
        do throws(SystemError) {
            let cpuinfo = try Files.read(roots.procfs + "/cpuinfo")
            return String(decoding: cpuinfo, as: UTF8.self).split(separator: "\n").contains { line in
                line.hasPrefix("flags") && line.split(separator: " ").contains("hypervisor")
            }
        } catch {
            return false
        }
    }
}
