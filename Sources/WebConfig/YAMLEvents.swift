import CYAML

/// One piece of a YAML text, as libyaml finds it.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        /// Repeats what an anchor named.
        case alias(String)
        case scalar(YAMLScalar)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        /// What a reader may pass over.
        case other
    }

    let kind: Kind
    /// Counted from 1.
    let line: Int
    /// The name under which an alias may repeat it.
    var anchor: String?
    /// The type that the text gives it explicitly, such as `!!str`.
    var tag: String?
}

/// A single value as it is written, before anybody asks whether it should be a number or a word.
struct YAMLScalar {
    let text: String
    /// Without quotation marks, so that `true` is a truth value and `~` is nothing.
    let isPlain: Bool

    var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
}

/// Reads a YAML text event by event. See yaml.h of libyaml.
@safe
struct YAMLEvents: ~Copyable {
    /// On the heap because libyaml keeps its address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeRawBufferPointer

    /// The bytes must stay where they are as long as this lives.
    init(_ bytes: UnsafeRawBufferPointer) throws(WebConfigurationError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw WebConfigurationError(line: 1, "there is not enough memory to read the file")
        }
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe yaml_parser_set_input_string(parser, start, bytes.count)
        unsafe self.parser = unsafe parser
        unsafe self.bytes = unsafe bytes
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    mutating func next() throws(WebConfigurationError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe YAMLEvent(event)
    }

    /// libyaml's own words, which quote nothing of the text.
    private func failure() -> WebConfigurationError {
        guard let problem = unsafe parser.pointee.problem else {
            return WebConfigurationError(line: line(), "this cannot be read as YAML")
        }
        return unsafe WebConfigurationError(line: line(), "this is no YAML: \(String(cString: problem))")
    }

    /// Where the problem is. Bytes that are no text are found before lines are counted: libyaml tells only their offset.
    private func line() -> Int {
        guard unsafe parser.pointee.error == YAML_READER_ERROR else {
            return unsafe Int(parser.pointee.problem_mark.line) + 1
        }
        return unsafe bytes.prefix(Int(parser.pointee.problem_offset)).count { $0 == 0x0A } + 1
    }
}

extension YAMLEvent {
    fileprivate init(_ event: yaml_event_t) {
        line = unsafe Int(event.start_mark.line) + 1
        switch unsafe event.type {
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = unsafe .scalar(
                YAMLScalar(
                    text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
            anchor = unsafe YAMLEvent.text(scalar.anchor)
            tag = unsafe YAMLEvent.text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            anchor = unsafe YAMLEvent.text(event.data.sequence_start.anchor)
            tag = unsafe YAMLEvent.text(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            anchor = unsafe YAMLEvent.text(event.data.mapping_start.anchor)
            tag = unsafe YAMLEvent.text(event.data.mapping_start.tag)
        case YAML_ALIAS_EVENT: kind = unsafe .alias(YAMLEvent.text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_STREAM_END_EVENT: kind = .streamEnd
        default: kind = .other
        }
    }

    private static func text(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let characters = unsafe characters else { return nil }
        return unsafe String(cString: characters)
    }
}
