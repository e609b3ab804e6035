import Kernel
import Reports

/// Why a report is not written.
enum ReportFailure: Error {
    /// Whoever read it has gone and wants no more, which is no trouble of anybody's.
    case readerGone
    case unwritable(StartFailure)
}

/// Where a report goes: a file, standard output or standard error.
struct ReportOutput: ~Copyable {
    let writer: TextWriter
    private let place: Place
    private var hasBegun = false

    /// Makes the file, or opens the one that is there, which keeps what it has until there is a report.
    init(_ options: MeasureOptions) throws(StartFailure) {
        let place = ReportOutput.place(options)
        do throws(SystemError) {
            switch place {
            case .standardOutput: writer = try .standardOutput()
            case .standardError: writer = try .standardError()
            case .file(let path): writer = try TextWriter(creating: path)
            }
        } catch {
            throw StartFailure(unwritable: "the report", place.description, error)
        }
        self.place = place
    }

    /// See isatty(3).
    var isTerminal: Bool { writer.isTerminal }

    mutating func write(_ text: String) throws(ReportFailure) {
        do throws(SystemError) {
            // To standard output and standard error others write as well.
            if !hasBegun, case .file = place { try writer.empty() }
            hasBegun = true
            try writer.write(text)
        } catch {
            if error.code == .brokenPipe { throw .readerGone }
            throw .unwritable(StartFailure(unwritable: "the report", place.description, error))
        }
    }

    private enum Place: CustomStringConvertible {
        case standardOutput
        case standardError
        case file(String)

        var description: String {
            switch self {
            case .standardOutput: "standard output"
            case .standardError: "standard error"
            case .file(let path): "'\(path)'"
            }
        }
    }

    /// Standard output is the command's own.
    private static func place(_ options: MeasureOptions) -> Place {
        switch options.output {
        case "-": .standardOutput
        case let path?: .file(path)
        case nil: options.isOfMachine ? .standardOutput : .standardError
        }
    }
}

extension StartFailure {
    /// Something cannot be written to a place.
    init(unwritable what: String, _ place: String, _ error: SystemError) {
        let unread = "it is a pipe that nobody reads from, or a socket: start what reads it first, or name a file"
        let reason = error.code == .noDeviceOrReader ? unread : "\(error)"
        self.init(message: "\(what) cannot be written to \(place): \(reason)")
    }
}
