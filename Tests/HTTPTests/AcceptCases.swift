import HTTP
import Testing

/// The values of a request's Accept lines, and what they are to be answered with.
struct AcceptCase: Sendable, CustomTestStringConvertible {
    let name: String
    let lines: [String]
    let format: ExpositionFormat
    let namesEscaping: Bool

    var testDescription: String { name }

    init(_ name: String, _ lines: [String], _ format: ExpositionFormat, namesEscaping: Bool = false) {
        self.name = name
        self.lines = lines
        self.format = format
        self.namesEscaping = namesEscaping
    }

    private init(_ line: String, _ format: ExpositionFormat, namesEscaping: Bool = false) {
        self.init(line, [line], format, namesEscaping: namesEscaping)
    }

    static let all =
        prometheus2 + prometheus3 + scrapers + others + weights + specificity + wildcards + refusals + versions
        + protobufs + parameters + lists + malformed

    /// As sent by the releases, from their sources and recorded requests.
    private static let prometheus2 = [
        AcceptCase(
            "Prometheus 1", [messages + "q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"], .protobuf),
        AcceptCase("Prometheus 2.0", ["text/plain;version=0.0.4;q=1,*/*;q=0.1"], .text),
        AcceptCase(
            "Prometheus 2.31",
            ["application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"], .openMetrics001),
        AcceptCase(
            "Prometheus 2.42",
            [
                """
                application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                text/plain;version=0.0.4;q=0.5,*/*;q=0.1
                """
            ], .openMetrics100),
        AcceptCase(
            "Prometheus 2.42 with native histograms",
            [
                messages.dropLast() + """
                    ,application/openmetrics-text;version=1.0.0;q=0.8,\
                    application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
                    """
            ], .protobuf),
        AcceptCase(
            "Prometheus 2.55",
            [
                """
                application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                text/plain;version=0.0.4;q=0.3,*/*;q=0.2
                """
            ], .openMetrics100),
    ]

    private static let prometheus3 = [
        AcceptCase(
            "Prometheus 3.0 to 3.2",
            [
                """
                application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,\
                text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,\
                text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2
                """
            ], .openMetrics100, namesEscaping: true),
        AcceptCase(
            "Prometheus 3.0 to 3.3 with native histograms",
            [
                messages + """
                    escaping=allow-utf-8;q=0.6,\
                    application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                    application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,\
                    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                    text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,*/*;q=0.1
                    """
            ], .protobuf, namesEscaping: true),
        AcceptCase(
            "Prometheus 3.3",
            [
                """
                application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,\
                text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2
                """
            ], .openMetrics100, namesEscaping: true),
        AcceptCase(
            "Prometheus 3.4 to 3.14",
            [
                """
                application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                text/plain;version=0.0.4;q=0.3,*/*;q=0.2
                """
            ], .openMetrics100, namesEscaping: true),
        AcceptCase(
            "Prometheus 3.4 to 3.14 with native histograms",
            [
                messages + """
                    q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                    application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                    text/plain;version=0.0.4;q=0.2,*/*;q=0.1
                    """
            ], .protobuf),
        AcceptCase(
            "Prometheus 3.14 with scrape_protocols of the two text formats",
            ["text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4"],
            .text, namesEscaping: true),
        AcceptCase(
            "Prometheus 3.14 with scrape_protocols of text 0.0.4", ["text/plain;version=0.0.4;q=0.6,*/*;q=0.5"], .text),
    ]

    /// Grafana Alloy and the OpenTelemetry collector scrape by Prometheus' own package, with lists of their own.
    private static let scrapers = [
        AcceptCase(
            "Grafana Alloy with native histograms",
            [
                messages + """
                    q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,\
                    application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2
                    """
            ], .protobuf),
        AcceptCase("VictoriaMetrics' vmagent, Netdata", ["text/plain;version=0.0.4;q=1,*/*;q=0.1"], .text),
        AcceptCase("Elastic's Metricbeat", ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1"], .text),
        AcceptCase("Telegraf", [messages + "q=0.7,text/plain;version=0.0.4;q=0.3"], .protobuf),
        AcceptCase(
            "an early Prometheus",
            [
                messages + """
                    q=0.7,text/plain;version=0.0.4;q=0.3,\
                    application/json;schema="prometheus/telemetry";version=0.0.2;q=0.2,*/*;q=0.1
                    """
            ], .protobuf),
    ]

    private static let others = [
        AcceptCase("curl, wget, Python's requests", ["*/*"], .text),
        AcceptCase("no Accept line", [], .text),
        AcceptCase("an empty Accept line", [""], .text),
        AcceptCase(
            "Firefox",
            ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,*/*;q=0.8"], .text),
        AcceptCase(
            "Chrome",
            [
                """
                text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
                application/signed-exchange;v=b3;q=0.7
                """
            ], .text),
        AcceptCase("Java's HttpURLConnection", ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"], .text),
        AcceptCase("a client of JSON", ["application/json"], .text),
        AcceptCase("a client of images", ["image/png, image/*"], .text),
    ]

    private static let weights = [
        AcceptCase("text/plain;q=0.5,application/openmetrics-text;q=0.6", .openMetrics100),
        AcceptCase("text/plain;q=0.6,application/openmetrics-text;q=0.5", .text),
        AcceptCase("text/plain,application/openmetrics-text", .text),
        AcceptCase("application/openmetrics-text,text/plain", .openMetrics100),
        AcceptCase("text/plain;q=0.5,application/openmetrics-text;q=0.500", .text),
        AcceptCase("text/plain;q=0.5,application/openmetrics-text;q=0.501", .openMetrics100),
        AcceptCase("application/openmetrics-text;q=0.001", .openMetrics100),
        AcceptCase("text/plain;q=1.000,application/openmetrics-text", .text),
        AcceptCase("text/plain;q=0.999,application/openmetrics-text;q=1.0", .openMetrics100),
        AcceptCase("text/plain;q=0.,application/openmetrics-text;q=1.", .openMetrics100),
        AcceptCase("text/plain;Q=0.5,application/openmetrics-text;q=0.6", .openMetrics100),
        AcceptCase("text/plain;q=0.5;q=1,application/openmetrics-text;q=0.6", .openMetrics100),
        AcceptCase("text/plain;q = 0.5 ,application/openmetrics-text; q=\t0.6", .openMetrics100),
        AcceptCase("application/openmetrics-text;q=0.6;version=0.0.1,text/plain;q=0.5", .openMetrics001),
    ]

    private static let specificity = [
        AcceptCase("text/*;q=0.9,text/plain;q=0.1,application/openmetrics-text;q=0.5", .openMetrics100),
        AcceptCase("text/plain;q=0.1,text/*;q=0.9,application/openmetrics-text;q=0.5", .openMetrics100),
        AcceptCase("*/*,text/plain;q=0.1,application/openmetrics-text;q=0.5", .openMetrics100),
        AcceptCase("*/*;q=0.1,text/*;q=0.9,application/openmetrics-text;q=0.5", .text),
        AcceptCase("text/plain,text/plain;version=0.0.4;q=0.1,application/openmetrics-text;q=0.5", .openMetrics100),
        AcceptCase("text/plain;version=0.0.4,text/plain;q=0.1,application/openmetrics-text;q=0.5", .text),
        AcceptCase("application/*;q=0.1,application/openmetrics-text;q=0.9,text/plain;q=0.5", .openMetrics100),
        AcceptCase("application/*,application/openmetrics-text;q=0.1,text/plain;q=0.5", .text),
        AcceptCase(
            "application/openmetrics-text,application/openmetrics-text;version=1.0.0;q=0.5", .openMetrics001),
        AcceptCase("application/openmetrics-text;q=0.5,application/openmetrics-text;version=0.0.1", .openMetrics001),
        AcceptCase(
            "application/vnd.google.protobuf,\(messages)q=0.1,text/plain;q=0.5", .text),
        AcceptCase(
            "application/vnd.google.protobuf;encoding=delimited,\(messages)q=0.1,text/plain;q=0.5", .text),
        AcceptCase("application/vnd.google.protobuf;q=0.1,\(messages)q=0.9,text/plain;q=0.5", .protobuf),
        // Twice the same: the higher weight, and its place.
        AcceptCase("text/plain;q=0.1,text/plain;q=0.9,application/openmetrics-text;q=0.5", .text),
        AcceptCase("text/plain;q=0.9,text/plain;q=0.1,application/openmetrics-text;q=0.5", .text),
        AcceptCase("text/plain;q=0.1,application/openmetrics-text,text/plain", .openMetrics100),
        AcceptCase("text/plain,application/openmetrics-text,text/plain", .text),
    ]

    private static let wildcards = [
        AcceptCase("text/*", .text),
        AcceptCase("TEXT/*", .text),
        AcceptCase("application/*", .openMetrics100),
        AcceptCase("Application/*;q=0.5,text/plain;q=0.4", .openMetrics100),
        AcceptCase("text/*,application/*", .text),
        AcceptCase("application/*,text/*", .openMetrics100),
        AcceptCase("*/*,application/openmetrics-text;q=0.9", .text),
        AcceptCase("*/*,application/openmetrics-text", .text),
        AcceptCase("application/openmetrics-text,*/*", .openMetrics100),
        AcceptCase("application/*,application/vnd.google.protobuf;q=0.5", .openMetrics100),
        AcceptCase("image/*", .text),
        AcceptCase("*/plain,application/openmetrics-text;q=0.5", .openMetrics100),
        AcceptCase("*/*;escaping=dots", .text, namesEscaping: true),
    ]

    private static let refusals = [
        AcceptCase("*/*;q=0", .text),
        AcceptCase("text/plain;q=0", .text),
        AcceptCase("text/plain;escaping=dots;q=0", .text),
        AcceptCase("text/plain;q=0,*/*", .text),
        AcceptCase("application/openmetrics-text;q=0", .text),
        AcceptCase("application/openmetrics-text;q=0.0,*/*;q=0.1", .text),
        AcceptCase("application/openmetrics-text;q=0.000,application/*", .text),
        AcceptCase("application/openmetrics-text;q=0,application/vnd.google.protobuf;q=0.1", .protobuf),
        AcceptCase("application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text", .openMetrics001),
        AcceptCase("text/plain;q=0,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase("*/*;q=0,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase("application/*;q=0,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase("application/openmetrics-text;q=0,application/openmetrics-text", .text),
        AcceptCase("application/openmetrics-text,application/openmetrics-text;q=0", .text),
        AcceptCase(
            messages + "q=0,application/vnd.google.protobuf,application/openmetrics-text;q=0.1", .openMetrics100),
    ]

    private static let versions = [
        AcceptCase("text/plain", .text),
        AcceptCase("text/plain;version=0.0.4", .text),
        AcceptCase("text/plain;version=0.0.3,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase("text/plain;version=0.0.1,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase("application/openmetrics-text", .openMetrics100),
        AcceptCase("application/openmetrics-text;version=1.0.0", .openMetrics100),
        AcceptCase("application/openmetrics-text;version=0.0.1", .openMetrics001),
        AcceptCase(
            "application/openmetrics-text;version=0.0.1,application/openmetrics-text;version=1.0.0", .openMetrics001),
        AcceptCase("application/openmetrics-text;version=2.0.0", .text),
        AcceptCase("application/openmetrics-text;version=0.0.4", .text),
        AcceptCase("application/openmetrics-text;version=1.0.0;version=0.0.1", .openMetrics100),
        AcceptCase("application/openmetrics-text;version", .text),
        AcceptCase("application/openmetrics-text;version=", .text),
        // Text 1.0.0 is answered with 0.0.4, so it lends that its weight, unless 0.0.4 is refused.
        AcceptCase("text/plain;version=1.0.0", .text),
        AcceptCase("text/plain;version=1.0.0,application/openmetrics-text;q=0.5,text/plain;version=0.0.4;q=0.1", .text),
        AcceptCase("text/plain;version=1.0.0;q=0.1,application/openmetrics-text;q=0.5,text/plain;version=0.0.4", .text),
        AcceptCase("text/plain;version=1.0.0;q=0.9,application/openmetrics-text", .openMetrics100),
        AcceptCase(
            "text/plain;version=1.0.0,text/plain;version=0.0.4;q=0,application/openmetrics-text;q=0.1", .openMetrics100),
        AcceptCase(
            "text/plain;version=1.0.0;q=0,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.1", .text),
        AcceptCase("text/plain;version=1.0.0;escaping=dots;q=0.4,text/plain;q=0.5", .text),
        AcceptCase("text/plain;version=1.0.0;escaping=dots;q=0.5,text/plain;q=0.4", .text, namesEscaping: true),
        AcceptCase("application/openmetrics-text;escaping=underscores", .openMetrics100, namesEscaping: true),
    ]

    private static let protobufs = [
        AcceptCase("application/vnd.google.protobuf", .protobuf),
        AcceptCase("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", .protobuf),
        AcceptCase("application/vnd.google.protobuf;encoding=delimited", .protobuf),
        AcceptCase("application/vnd.google.protobuf;encoding=text", .text),
        AcceptCase(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text", .text),
        AcceptCase("application/vnd.google.protobuf;proto=io.prometheus.client.Metric;encoding=delimited", .text),
        AcceptCase("application/vnd.google.protobuf;version=2.0.0", .protobuf),
        AcceptCase(
            "APPLICATION/VND.GOOGLE.PROTOBUF;PROTO=IO.PROMETHEUS.CLIENT.METRICFAMILY;ENCODING=DELIMITED", .protobuf),
        AcceptCase("application/vnd.google.protobuf;proto=\"io.prometheus.client.MetricFamily\"", .protobuf),
        AcceptCase("application/vnd.google.protobuf;escaping=values", .protobuf, namesEscaping: true),
    ]

    private static let parameters = [
        AcceptCase("Application/OpenMetrics-Text;Version=1.0.0", .openMetrics100),
        AcceptCase("application/openmetrics-text ; version=0.0.1\t;\tq=1", .openMetrics001),
        AcceptCase("application/openmetrics-text;version=\"0.0.1\"", .openMetrics001),
        AcceptCase("application/openmetrics-text;version=\"0.\\0.1\"", .openMetrics001),
        AcceptCase("application/openmetrics-text;charset=utf-8;unknown;;x=y=z;=;version=0.0.1", .openMetrics001),
        AcceptCase("application/openmetrics-text;a=\"b;version=1.0.0;q=0\";version=0.0.1", .openMetrics001),
        AcceptCase("application/openmetrics-text;a=\"b, text/plain\";version=0.0.1", .openMetrics001),
        AcceptCase("application/openmetrics-text;a=\"\\\", text/plain\";version=0.0.1", .openMetrics001),
        AcceptCase("application/openmetrics-text;ESCAPING=allow-utf-8", .openMetrics100, namesEscaping: true),
        AcceptCase("application/openmetrics-text;escaping", .openMetrics100, namesEscaping: true),
        AcceptCase("text/plain;escaping=dots;q=0.1,application/openmetrics-text", .openMetrics100),
    ]

    private static let lists = [
        AcceptCase(" ,, application/openmetrics-text\t, ,", .openMetrics100),
        AcceptCase("two lines", ["application/openmetrics-text;q=0.5", "text/plain;q=0.6"], .text),
        AcceptCase("two lines of the same weight", ["application/openmetrics-text", "text/plain"], .openMetrics100),
        AcceptCase("two lines that mean one format", ["text/plain;q=0.1,*/*", "text/plain;q=0"], .text),
        AcceptCase("a refusal on another line", ["application/openmetrics-text;q=0", "application/*"], .text),
        AcceptCase("lines of nothing around one", ["", "application/openmetrics-text", " , "], .openMetrics100),
        AcceptCase("a quote that ends with its line", ["a;b=\"", "application/openmetrics-text"], .openMetrics100),
    ]

    /// A range whose weight is malformed says nothing.
    private static let malformed =
        [
            "", ".5", "-0.5", "+0.5", "0.5555", "1.001", "1.1", "2", "00.5", "01", "0,5", "0.5x", "x", "0x1", "1e0",
            "NaN", "\"0.5\"", "0 .5", "0..5", "1.-1", "\u{661}",
        ].map { AcceptCase("application/openmetrics-text;q=\($0)", .text) } + [
            AcceptCase("application/openmetrics-text;q=2;q=1", .text),
            AcceptCase("application/openmetrics-text;q", .text),
            AcceptCase("application/openmetrics-text;q=,text/plain;q=0.1", .text),
            AcceptCase("application", .text),
            AcceptCase("application/", .text),
            AcceptCase("/openmetrics-text", .text),
            AcceptCase("application / openmetrics-text", .text),
            AcceptCase("application/openmetrics-text/x", .text),
            AcceptCase("application/openmetrics-texts", .text),
            AcceptCase("application/openmetrics-text version=1.0.0", .text),
            AcceptCase(";application/openmetrics-text", .text),
            AcceptCase("\"application/openmetrics-text\"", .text),
            AcceptCase("\"application/openmetrics-text", .text),
            AcceptCase("a\",application/openmetrics-text", .text),
            AcceptCase("application/openmetrics-text;a=\"", .openMetrics100),
            AcceptCase("application/openmetrics-text;a=\"\\", .openMetrics100),
            AcceptCase("application/openmetrics-text;version=\"1.0.0", .text),
            AcceptCase("\u{E9}, application/openmetrics-text", .openMetrics100),
        ]

    private static let messages =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
}
