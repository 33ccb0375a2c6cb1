import CLibxml2
import Membership

/// A pull parser over one XML feed: each node once, in order, none kept.
final class XMLStream {
    private let reader: xmlTextReaderPtr
    private let input: Input
    private let problems = Problems()

    init(_ source: FeedSource) throws(MembershipError) {
        input = Input(source)
        // No network, no huge documents, and neither DTDs nor entities are loaded unless asked for.
        let options = Int32(XML_PARSE_NONET.rawValue | XML_PARSE_BIG_LINES.rawValue)
        let reader = xmlReaderForIO(
            { context, buffer, count in
                guard let context, let buffer else { return -1 }
                let room = UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
                return Unmanaged<Input>.fromOpaque(context).takeUnretainedValue().read(into: room)
            },
            nil, Unmanaged.passUnretained(input).toOpaque(), nil, nil, options)
        guard let reader else { throw source.refusal("cannot be read as XML: no memory") }
        self.reader = reader
        xmlTextReaderSetStructuredErrorHandler(
            reader,
            { context, error in
                guard let context, let error else { return }
                Unmanaged<Problems>.fromOpaque(context).takeUnretainedValue().note(error.pointee)
            }, Unmanaged.passUnretained(problems).toOpaque())
    }

    deinit {
        xmlFreeTextReader(reader)
    }

    /// Goes to the next node; false at the end.
    func read() throws(MembershipError) -> Bool {
        try judge(xmlTextReaderRead(reader))
    }

    /// Goes to the next node behind the current element and all that is in it.
    func skip() throws(MembershipError) -> Bool {
        try judge(xmlTextReaderNext(reader))
    }

    private func judge(_ status: Int32) throws(MembershipError) -> Bool {
        if let problem = problems.first { throw input.source.refusal(problem.what, line: problem.line) }
        guard status >= 0 else { throw input.source.refusal("is not well-formed XML", line: line) }
        return status == 1
    }

    /// The line up to which the parser has read, a little ahead of the current node.
    var line: Int { Int(xmlTextReaderGetParserLineNumber(reader)) }
    var depth: Int { Int(xmlTextReaderDepth(reader)) }
    var name: String { Libxml2.string(xmlTextReaderConstLocalName(reader)) ?? "" }
    var namespace: String { Libxml2.string(xmlTextReaderConstNamespaceUri(reader)) ?? "" }
    var isEmptyElement: Bool { xmlTextReaderIsEmptyElement(reader) == 1 }
    var attributeCount: Int { Int(max(0, xmlTextReaderAttributeCount(reader))) }

    /// How long the values of all attributes of the current element are, namespaces included.
    var attributeBytes: Int {
        guard let node = xmlTextReaderCurrentNode(reader), node.pointee.type == XML_ELEMENT_NODE else { return 0 }
        let attributes = sequence(first: node.pointee.properties, next: { $0?.pointee.next }).compactMap { $0 }
        let texts = attributes.flatMap { attribute in
            sequence(first: attribute.pointee.children, next: { $0?.pointee.next }).compactMap { $0 }
        }
        let namespaces = sequence(first: node.pointee.nsDef, next: { $0?.pointee.next }).compactMap { $0 }
        return texts.reduce(0) { $0 + FeedElement.text(of: $1).count }
            + namespaces.reduce(0) { $0 + Int(xmlStrlen($1.pointee.href)) }
    }

    func attribute(_ name: String) -> String? {
        Libxml2.take(xmlTextReaderGetAttribute(reader, name))
    }

    /// The text of a text node or a comment; nil for an element.
    var value: UnsafePointer<xmlChar>? { xmlTextReaderConstValue(reader) }

    var kind: Kind {
        switch UInt32(xmlTextReaderNodeType(reader)) {
        case XML_READER_TYPE_ELEMENT.rawValue: .element
        case XML_READER_TYPE_END_ELEMENT.rawValue: .endOfElement
        case XML_READER_TYPE_TEXT.rawValue, XML_READER_TYPE_CDATA.rawValue,
            XML_READER_TYPE_SIGNIFICANT_WHITESPACE.rawValue:
            .text
        case XML_READER_TYPE_DOCUMENT_TYPE.rawValue: .documentType
        default: .other
        }
    }

    enum Kind { case element, endOfElement, text, documentType, other }

    /// The current element itself, without what is in it.
    var current: FeedElement? { xmlTextReaderCurrentNode(reader).map(FeedElement.init) }

    /// The current element with all that is in it; valid until the stream moves on.
    func expand() throws(MembershipError) -> FeedElement {
        guard let node = xmlTextReaderExpand(reader) else {
            _ = try judge(-1)
            throw input.source.refusal("is not well-formed XML", line: line)
        }
        return FeedElement(node: node)
    }

    /// Whether the document type at hand declares anything, and whether that is an entity.
    var declarations: (any: Bool, entities: Bool) {
        guard let node = xmlTextReaderCurrentNode(reader) else { return (false, false) }
        let kinds = sequence(first: node.pointee.children, next: { $0?.pointee.next }).compactMap { $0?.pointee.type }
        let declarations = kinds.filter { $0 != XML_COMMENT_NODE && $0 != XML_PI_NODE }
        return (!declarations.isEmpty, declarations.contains(XML_ENTITY_DECL))
    }
}

/// Where the parser gets its bytes.
private final class Input {
    let source: FeedSource
    private var offset = 0

    init(_ source: FeedSource) {
        self.source = source
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int32 {
        let count = source.read(into: buffer, at: offset)
        offset += max(0, count)
        return Int32(count)
    }
}

/// The first thing that made a feed unreadable; what follows from it says nothing more.
private final class Problems {
    private(set) var first: (line: Int, what: String)?

    func note(_ error: xmlError) {
        // Warnings and errors that leave the document well formed, such as an undeclared prefix, are no reason to refuse.
        guard error.level == XML_ERR_FATAL, first == nil else { return }
        first = (Int(error.line), Problems.describe(error))
    }

    private static func describe(_ error: xmlError) -> String {
        let message = FeedText.line(error.message.map { String(cString: $0) }) ?? "unknown error \(error.code)"
        if message.contains("Excessive depth") {
            return "nests elements too deep, more than \(FeedLimits.nesting) in one another"
        }
        if message.contains("Huge input") || message.contains("huge text") {
            return "has one tag or text of more than 10 MB"
        }
        return "is not well-formed XML: \(message)"
    }
}
