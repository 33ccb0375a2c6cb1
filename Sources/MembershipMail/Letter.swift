package import Membership

/// One message to one reader, before it is put into words.
package struct Letter: Sendable {
    package let message: Message
    package let language: Language
    /// By the spelling of a ``LetterKey``. What is not there is left out of the letter.
    package let values: [String: String]

    /// Makes a letter; `values` are one line each, by the spelling of a ``LetterKey``.
    package init(message: Message, language: Language, values: [String: String]) {
        self.message = message
        self.language = language
        self.values = values
    }
}

/// A letter in words.
package struct RenderedMail: Equatable, Sendable {
    /// One line, without a line break.
    package let subject: String
    /// Lines that end with a line feed.
    package let text: String
    /// A whole HTML document.
    package let html: String
}
