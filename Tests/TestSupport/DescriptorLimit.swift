import Glibc

/// Sets the soft limit of open descriptors of this process. See setrlimit(2).
public func setDescriptorLimit(_ count: UInt64) throws(SystemCallFailure) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    try checked("getrlimit", getrlimit(resource, &limit))
    limit.rlim_cur = rlim_t(count)
    try checked("setrlimit", setrlimit(resource, &limit))
}
