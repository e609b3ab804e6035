import Accounts
import Attribution
import Bytes
import Counters
import Sampling

/// The page at `/`: a table that is true without any script, which the script then keeps up to date.
extension Documents {
    /// Writes it into an empty buffer with room for `pageBytes`.
    mutating func writePage(
        _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog, into page: inout ByteBuffer
    ) {
        PageHalves.appendFirst(to: &page)
        if facts.isSimulated {
            page.append("<p id=\"simulated\" role=\"note\">SIMULATED: these numbers are made up.</p>\n")
        }
        appendTotal(catalog, to: &page)
        appendTable(catalog, to: &page)
        if sampling.sharing != nil { appendConsumerTable(sampling, catalog, to: &page) }
        appendSourceTable(catalog, to: &page)
        appendLinks(to: &page)
        PageHalves.appendSecond(to: &page)
    }

    private func appendTotal(_ catalog: borrowing SeriesCatalog, to page: inout ByteBuffer) {
        let machine = catalog.machine
        page.append("<p id=\"total\">")
        page.append(data: machine == nil ? nil : moment.machineMicrowatts, digits: 6, shown: 1)
        page.append(" W now, ")
        page.append(data: machine?.microjoules.nanoKilowattHours, digits: 9, shown: 6)
        page.append(" kWh since ")
        page.append(time: moment.startUnixMilliseconds / 1000, withSeconds: false)
        if let machine {
            page.append(" (")
            page.append(machine.basis.rawValue)
            page.append(")")
        }
        page.append("</p>\n")
    }

    private func appendTable(_ catalog: borrowing SeriesCatalog, to page: inout ByteBuffer) {
        page.append("<table id=\"domains\"><caption>Power and energy by domain at ")
        page.append(time: moment.unixMilliseconds / 1000, withSeconds: true)
        page.append(
            """
            </caption>
            <thead><tr><th scope="col">Domain<th scope="col">Source<th scope="col">W now<th scope="col">W least, last minute\
            <th scope="col">W median<th scope="col">W most<th scope="col">J<th scope="col">kWh</tr></thead>
            <tbody>

            """ as StaticString)
        for position in texts.entries.indices {
            let entry = texts.entries[position]
            guard let reading = catalog.reading(entry.index) else { continue }
            page.append(entry.html.span)
            page.append(watts: reading.microwatts)
            page.append(watts: reading.lastMinute?.lowest)
            page.append(watts: reading.lastMinute?.median)
            page.append(watts: reading.lastMinute?.highest)
            page.append(energy: reading.microjoules)
        }
        page.append("</tbody></table>\n")
    }

    private mutating func appendConsumerTable(
        _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog, to page: inout ByteBuffer
    ) {
        page.append(
            """
            <table id="consumers"><caption>Who used it most</caption>
            <thead><tr><th scope="col">Name<th scope="col">Kind<th scope="col">W now<th scope="col">J<th scope="col">kWh</tr></thead>
            <tbody>

            """ as StaticString)
        forEachConsumer(sampling, catalog) { reading, kind, _, name in
            page.append("<tr><th scope=\"row\">")
            name.withBytes { page.append(html: $0) }
            page.append("<td>")
            page.append(kind.rawValue)
            page.append("<td>")
            page.append(reading.milliwatts, digits: 3, shown: 1)
            page.append(energy: reading.microjoules)
        }
        page.append("</tbody></table>\n")
    }

    private func appendSourceTable(_ catalog: borrowing SeriesCatalog, to page: inout ByteBuffer) {
        page.append(
            """
            <table id="sources"><caption>What is read</caption>
            <thead><tr><th scope="col">Source<th scope="col">State</tr></thead>
            <tbody>

            """ as StaticString)
        catalog.forEachSource { kind, isUp in
            page.append("<tr><th scope=\"row\">")
            page.append(kind.rawValue)
            page.append(isUp ? "<td>up</tr>\n" : "<td>down</tr>\n")
        }
        page.append("</tbody></table>\n")
    }

    /// `doctor` finds the metrics by the first of them.
    private func appendLinks(to page: inout ByteBuffer) {
        page.append("<p id=\"links\"><a href=\"")
        page.append(facts.metricsLink)
        page.append(
            """
            ">metrics</a> <a href="api/v1/power">JSON</a> <a href="-/healthy">healthy</a> <a href="-/ready">ready</a></p>

            """ as StaticString)
    }
}

extension ByteBuffer {
    /// Appends a cell with a power.
    fileprivate mutating func append(watts microwatts: UInt64?) {
        append("<td>")
        append(microwatts, digits: 6, shown: 1)
    }

    /// Appends the last two cells of a row: joules and kilowatt-hours.
    fileprivate mutating func append(energy microjoules: UInt64?) {
        append("<td>")
        append(microjoules, digits: 6, shown: 1)
        append("<td>")
        append(microjoules?.nanoKilowattHours, digits: 9, shown: 6)
        append("</tr>\n")
    }

    /// Appends a number in the text, with all its digits for programs.
    fileprivate mutating func append(data value: UInt64?, digits: Int, shown: Int) {
        append("<data value=\"")
        if value != nil { append(number: value, digits: digits) }
        append("\">")
        append(value, digits: digits, shown: shown)
        append("</data>")
    }

    /// Appends a moment: `<time datetime="2026-11-28T11:40:00Z">2026-11-28 11:40 UTC</time>`.
    fileprivate mutating func append(time unixSeconds: UInt64, withSeconds: Bool) {
        let time = CivilTime(unixSeconds: unixSeconds)
        append("<time datetime=\"")
        append(date: time)
        append("T")
        append(clockTime: time)
        append("Z\">")
        append(date: time)
        append(" ")
        if withSeconds {
            append(clockTime: time)
        } else {
            appendDigits(of: time.hour, atLeast: 2)
            append(":")
            appendDigits(of: time.minute, atLeast: 2)
        }
        append(" UTC</time>")
    }
}
