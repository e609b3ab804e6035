import GPU

extension NVML {
    /// Loads and initialises the library, from where it is said to be or from the usual places.
    ///
    /// - Returns: why that is not possible; nil if it is done.
    static func open(_ settings: ReaderSettings, _ driver: NVIDIADriver) -> NvidiaFailure? {
        if let text = load(from: settings.library.map { [$0] } ?? places) { return NvidiaFailure(noLibrary: text) }
        do throws(NVMLCode) {
            try initialize()
            return nil
        } catch {
            return NvidiaFailure(error, driver)
        }
    }

    /// The driver's version, or that it is not known.
    static func versionForPeople() -> String {
        do throws(NVMLCode) {
            return try driverVersion()
        } catch {
            return "unknown"
        }
    }
}
