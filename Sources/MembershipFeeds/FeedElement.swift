import CLibxml2

/// An element of an XML feed with all that is in it. It belongs to the stream that it came from, and is valid until that
/// moves on.
struct FeedElement {
    let node: xmlNodePtr

    var name: String { Libxml2.string(node.pointee.name) ?? "" }
    var namespace: String { Libxml2.string(node.pointee.ns?.pointee.href) ?? "" }
    var line: Int { xmlGetLineNo(node) }

    /// The elements directly in this one, in order.
    var elements: some Sequence<FeedElement> {
        sequence(first: node.pointee.children, next: { $0?.pointee.next })
            .lazy.compactMap { $0 }.filter { $0.pointee.type == XML_ELEMENT_NODE }.map(FeedElement.init)
    }

    /// An attribute without a namespace.
    func attribute(_ name: String) -> String? {
        Libxml2.take(xmlGetNoNsProp(node, name))
    }

    func attribute(_ name: String, in namespace: String) -> String? {
        Libxml2.take(xmlGetNsProp(node, name, namespace))
    }

    /// All text in this element, markup left out.
    var text: String {
        var bytes: [UInt8] = []
        FeedElement.collect(node, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The address that relative ones are meant at, from `xml:base` here or further up.
    var base: String? { Libxml2.take(xmlNodeGetBase(node.pointee.doc, node)) }

    /// The language from `xml:lang` here or further up.
    var language: String? { Libxml2.take(xmlNodeGetLang(node)) }

    /// Recursion is safe here: ``FeedLimits/nesting`` was checked.
    private static func collect(_ node: xmlNodePtr, into bytes: inout [UInt8]) {
        var next = node.pointee.children
        while let child = next {
            switch child.pointee.type {
            case XML_ELEMENT_NODE: collect(child, into: &bytes)
            case XML_ENTITY_REF_NODE: bytes.append(contentsOf: Array((character(of: child) ?? "").utf8))
            default: bytes.append(contentsOf: text(of: child))
            }
            next = child.pointee.next
        }
    }

    /// The text of a text node; empty for any other.
    static func text(of node: xmlNodePtr) -> UnsafeBufferPointer<UInt8> {
        let content: UnsafePointer<UInt8>? =
            switch node.pointee.type {
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: UnsafePointer(node.pointee.content)
            default: nil
            }
        return UnsafeBufferPointer(start: content, count: content.map { Int(xmlStrlen($0)) } ?? 0)
    }

    /// The character that an entity of HTML stands for; nil for any other node. RSS 0.91 names a DTD that declares them,
    /// which is not loaded.
    static func character(of node: xmlNodePtr) -> String? {
        guard
            node.pointee.type == XML_ENTITY_REF_NODE, let entity = htmlEntityLookup(node.pointee.name),
            let scalar = Unicode.Scalar(entity.pointee.value)
        else { return nil }
        return String(scalar)
    }
}

/// The namespaces that feeds are made of.
enum Namespace {
    static let atom = "http://www.w3.org/2005/Atom"
    static let content = "http://purl.org/rss/1.0/modules/content/"
    static let dublinCore = "http://purl.org/dc/elements/1.1/"
    static let dublinCoreTerms = "http://purl.org/dc/terms/"
    static let fortnight = "https://fortnight.example/ns/feed/1.0"
    static let itunes = "http://www.itunes.com/dtds/podcast-1.0.dtd"
    static let media = "http://search.yahoo.com/mrss/"
    static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    static let rss1 = "http://purl.org/rss/1.0/"
}
