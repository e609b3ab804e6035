import Accounts
import Attribution
import Bytes
import Counters
import Sampling

/// `/api/v1/power`: see docs/api.md.
extension Documents {
    /// Writes it into an empty buffer with room for `jsonBytes`.
    mutating func writeJSON(
        _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog, withHistory: Bool,
        into json: inout ByteBuffer
    ) {
        appendFacts(to: &json)
        appendMachine(catalog, to: &json)
        appendDomains(catalog, to: &json)
        appendSources(catalog, to: &json)
        if sampling.sharing != nil { appendConsumers(sampling, catalog, to: &json) }
        if withHistory { appendHistory(to: &json) }
        json.append("}\n")
    }

    private func appendFacts(to json: inout ByteBuffer) {
        json.append(
            facts.isSimulated
                ? "{\"version\":1,\"simulated\":true,\"time\":" : "{\"version\":1,\"simulated\":false,\"time\":")
        json.append(number: moment.unixMilliseconds, digits: 3)
        json.append(",\"start_time\":")
        json.append(number: moment.startUnixMilliseconds, digits: 3)
        json.append(",\"interval_seconds\":")
        json.append(number: facts.intervalNanoseconds, digits: 9)
        json.append(",\"resolution_seconds\":")
        json.append(number: facts.resolutionNanoseconds, digits: 9)
        json.append(",\"exporter\":{\"version\":\"")
        json.append(Build.version)
        json.append("\",\"revision\":\"")
        json.append(facts.revision)
        json.append("\"}")
    }

    private func appendMachine(_ catalog: borrowing SeriesCatalog, to json: inout ByteBuffer) {
        guard let machine = catalog.machine else { return json.append(",\"host\":null") }
        json.append(",\"host\":{")
        json.append(watts: moment.machineMicrowatts, digits: 6, microjoules: machine.microjoules)
        json.append(kilowattHoursOf: machine.microjoules)
        json.append(",\"basis\":\"")
        json.append(machine.basis.rawValue)
        json.append("\"}")
    }

    private func appendDomains(_ catalog: borrowing SeriesCatalog, to json: inout ByteBuffer) {
        json.append(",\"domains\":[")
        var isFirst = true
        for position in texts.entries.indices {
            let entry = texts.entries[position]
            guard let reading = catalog.reading(entry.index) else { continue }
            json.append(isFirst ? "{" : ",{")
            isFirst = false
            json.append(entry.json.span)
            json.append(entry.jsonFacts.span)
            json.append(",")
            json.append(watts: reading.microwatts, digits: 6, microjoules: reading.microjoules)
            json.append(kilowattHoursOf: reading.microjoules)
            append(reading.lastMinute, to: &json)
            json.append("}")
        }
        json.append("]")
    }

    private func append(_ lastMinute: LastMinute?, to json: inout ByteBuffer) {
        guard let lastMinute else { return json.append(",\"last_minute\":null") }
        json.append(",\"last_minute\":{\"minimum_watts\":")
        json.append(number: lastMinute.lowest, digits: 6)
        json.append(",\"median_watts\":")
        json.append(number: lastMinute.median, digits: 6)
        json.append(",\"p99_watts\":")
        json.append(number: lastMinute.p99, digits: 6)
        json.append(",\"maximum_watts\":")
        json.append(number: lastMinute.highest, digits: 6)
        json.append("}")
    }

    private func appendSources(_ catalog: borrowing SeriesCatalog, to json: inout ByteBuffer) {
        json.append(",\"sources\":[")
        var isFirst = true
        catalog.forEachSource { kind, isUp in
            json.append(isFirst ? "{\"source\":\"" : ",{\"source\":\"")
            isFirst = false
            json.append(kind.rawValue)
            json.append(isUp ? "\",\"up\":true}" : "\",\"up\":false}")
        }
        json.append("]")
    }

    private mutating func appendConsumers(
        _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog, to json: inout ByteBuffer
    ) {
        json.append(",\"consumers\":[")
        var isFirst = true
        forEachConsumer(sampling, catalog) { reading, kind, type, name in
            json.append(isFirst ? "{\"kind\":\"" : ",{\"kind\":\"")
            isFirst = false
            json.append(kind.rawValue)
            json.append("\",\"type\":\"")
            json.append(type)
            json.append("\",\"name\":\"")
            name.withBytes { json.append(json: $0) }
            json.append("\",")
            json.append(watts: reading.milliwatts, digits: 3, microjoules: reading.microjoules)
            json.append(kilowattHoursOf: reading.microjoules)
            json.append("}")
        }
        json.append("]")
    }
}

/// What was before.
extension Documents {
    private func appendHistory(to json: inout ByteBuffer) {
        json.append(",\"history\":{\"step_seconds\":")
        json.append(number: history.stepNanoseconds, digits: 9)
        json.append(",\"end_time\":")
        json.append(number: moment.stepsUnixMilliseconds, digits: 3)
        json.append(",\"series\":[{\"domain\":\"host\"")
        append(stepsOf: nil, to: &json)
        for position in texts.entries.indices {
            let entry = texts.entries[position]
            json.append(",{")
            json.append(entry.json.span)
            append(stepsOf: entry.index, to: &json)
        }
        json.append("]}")
    }

    /// Appends the steps of an account, or of the machine, and ends its series.
    private func append(stepsOf index: Int?, to json: inout ByteBuffer) {
        json.append(",\"watts\":[")
        var isFirst = true
        for step in history.numbers(upTo: moment.steps) {
            if !isFirst { json.append(",") }
            isFirst = false
            json.append(number: history.milliwatts(index, step: step), digits: 3)
        }
        json.append("]}")
    }
}

/// Members of objects that have power and energy. What is not known is null.
extension ByteBuffer {
    /// Appends power, `watts / 10^digits`, and energy.
    mutating func append(watts: UInt64?, digits: Int, microjoules: UInt64?) {
        append("\"watts\":")
        append(number: watts, digits: digits)
        append(",\"joules\":")
        append(exact: microjoules, digits: 6)
    }

    /// Appends the same energy in kilowatt-hours, behind a comma.
    fileprivate mutating func append(kilowattHoursOf microjoules: UInt64?) {
        append(",\"kwh\":")
        append(exact: microjoules?.nanoKilowattHours, digits: 9)
    }
}
