/// How a reader's process ends.
enum ReaderEnd {
    /// It was asked to.
    case asked
    /// It is to be started anew, after a pause if that is no use yet, because of something in words.
    case anew(String)

    /// The status of a process that wants to be started anew: EX_TEMPFAIL of sysexits.h(3head). Its unit knows it.
    static let anewStatus: Int32 = 75

    var status: Int32 {
        switch self {
        case .asked: 0
        case .anew: ReaderEnd.anewStatus
        }
    }

    var reason: String {
        switch self {
        case .asked: "a signal"
        case .anew(let reason): reason
        }
    }
}
