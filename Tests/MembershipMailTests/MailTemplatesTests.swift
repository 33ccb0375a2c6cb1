import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipMail

struct MailTemplatesTests {
    private static let values = [
        "site": "The Harbour Times", "site_url": "https://harbour.test", "name": "Ada", "plan": "Membership",
        "days": "3", "date": "24 November 2026", "time": "14:00", "amount": "9.99 EUR",
    ]

    /// Every combination of what may be absent; the site never is.
    private static var combinations: [[String: String]] {
        let optional = values.keys.filter { $0 != "site" }.sorted()
        return (0..<(1 << optional.count)).map { bits in
            values.filter { key, _ in optional.firstIndex(of: key).map { bits >> $0 & 1 == 1 } ?? true }
        }
    }

    @Test(arguments: Message.allCases, Language.allCases)
    func everyLetterReadsWellWhateverIsAbsent(_ message: Message, _ language: Language) throws {
        let templates = try MailTemplates(directory: nil)
        for values in MailTemplatesTests.combinations {
            let mail = try templates.render(Letter(message: message, language: language, values: values))
            for part in [mail.subject, mail.text, mail.html] {
                #expect(!part.contains("{{") && !part.contains("}}"))
                #expect(part.contains("The Harbour Times"))
                #expect(!part.contains("&quot;"))
            }
            #expect(!mail.subject.contains("\n"))
            for flaw in ["  ", " .", " ,", "..", ",.", "\n\n\n", " \n"] {
                #expect(!(mail.subject + "\n" + mail.text).contains(flaw), "‘\(flaw)’ in \(mail.text)")
            }
            #expect(mail.html.hasPrefix("<!doctype html>\n<html lang=\"\(language.rawValue)\">"))
            #expect(mail.html.hasSuffix("</html>\n"))
            #expect(mail.text.contains("Ada") == (values["name"] != nil))
            #expect(mail.html.contains("https://harbour.test") == (values["site_url"] != nil))
            #expect(mail.html.components(separatedBy: "<p ").count == mail.html.components(separatedBy: "</p>").count)
        }
    }

    @Test(arguments: Message.allCases)
    func germanIsNotEnglish(_ message: Message) throws {
        let templates = try MailTemplates(directory: nil)
        let english = try templates.render(
            Letter(message: message, language: .english, values: MailTemplatesTests.values))
        let german = try templates.render(
            Letter(message: message, language: .german, values: MailTemplatesTests.values))
        #expect(english.subject != german.subject && english.text != german.text && english.html != german.html)
        #expect(english.text.hasPrefix("Hello Ada,\n\n") && german.text.hasPrefix("Guten Tag Ada,\n\n"))
    }

    @Test func oneDayIsNotDays() throws {
        let templates = try MailTemplates(directory: nil)
        func subject(_ days: String, _ language: Language) throws -> String {
            try templates.render(
                Letter(message: .trialEnding, language: language, values: ["site": "Golem", "days": days])
            ).subject
        }
        #expect(try subject("1", .english) == "Your free days with Golem end in one day")
        #expect(try subject("3", .english) == "Your free days with Golem end in 3 days")
        #expect(try subject("1", .german) == "Ihre kostenlosen Tage bei Golem enden in einem Tag")
        #expect(try subject("3", .german) == "Ihre kostenlosen Tage bei Golem enden in 3 Tagen")
    }

    @Test func valuesAreEscapedInHTMLAlone() throws {
        let letter = Letter(
            message: .welcome, language: .english,
            values: ["site": "Ink & <Paper>", "name": "\"A\"\r\nBcc: <b>", "plan": ""])
        let mail = try MailTemplates(directory: nil).render(letter)
        #expect(mail.subject == "Welcome to Ink & <Paper>")
        #expect(mail.text.hasPrefix("Hello \"A\" Bcc: <b>,\n"))
        #expect(mail.html.contains("Hello &quot;A&quot; Bcc: &lt;b&gt;,"))
        #expect(mail.html.contains("<title>Ink &amp; &lt;Paper&gt;</title>"))
        // Nor hidden by a letter that makes one character with the sign behind it.
        let odd = try MailTemplates(directory: nil).render(
            Letter(
                message: .welcome, language: .english,
                values: ["site": "Ink", "name": "Ada\u{600}<a href=//evil.example\u{600}>\u{600}&\u{600}\""]))
        #expect(
            odd.html.unicodeScalars.contains(
                "Hello Ada\u{600}&lt;a href=//evil.example\u{600}&gt;\u{600}&amp;\u{600}&quot;,".unicodeScalars))
        #expect(throws: MembershipError.self) {
            try MailTemplates(directory: nil).render(
                Letter(message: .welcome, language: .english, values: ["nmae": "Ada"]))
        }
    }

    @Test func aDirectoryReplacesSomeTemplates() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("welcome.en.subject.mustache", "\u{FEFF}Ahoy{{#name}}, {{ name }}{{/name}}!\r\n")
        _ = try directory.write("top.en.text.mustache", "Dear {{#name}}{{name}}{{/name}}{{^name}}reader{{/name}},\n\n")
        _ = try directory.write(".gitignore", "*")
        let templates = try MailTemplates(directory: directory.path)
        let mail = try templates.render(Letter(message: .welcome, language: .english, values: ["site": "Golem"]))
        #expect(mail.subject == "Ahoy!")
        #expect(mail.text.hasPrefix("Dear reader,\n\nThank you for joining Golem."))
        #expect(mail.html.contains("Hello,"))
    }

    @Test func theBuiltInTemplatesCanBeStartedFrom() throws {
        let directory = try TemporaryDirectory()
        let files = MailTemplates.builtIn()
        #expect(Set(files.map(\.name)) == Set(TemplateName.all.map(\.fileName)))
        for file in files { _ = try directory.write(file.name, file.text) }
        let letter = Letter(message: .renewal, language: .german, values: MailTemplatesTests.values)
        #expect(
            try MailTemplates(directory: directory.path).render(letter) == MailTemplates(directory: nil).render(letter))
    }

    @Test(arguments: [
        ("Hello {{nmae}}", "line 1: ‘nmae’ is not a key"),
        ("Hello\n{{#name}}\n{{^plan}}{{ nmae }}{{/plan}}{{/name}}", "line 3: ‘nmae’ is not a key"),
        ("{{^name}}{{#nmae}}x{{/nmae}}{{/name}}", "line 1: ‘nmae’ is not a key"),
        ("{{!\n\n}}{{name.first}}", "line 3: ‘name.first’ is not a key"),
        ("{{uppercased(name)}}", "line 1: ‘uppercased(name)’ is not a key"),
        ("{{.}}", "line 1: ‘.’ is not a key"),
        ("{{>top.de.text}}", "line 1: ‘top.de.text’ is not a piece"),
        ("{{>*name}}", "line 1: ‘*name’ is not a piece"),
        ("{{{name}}}", "line 1: the tag ‘{{{name’ is not taken"),
        ("{{&name}}", "line 1: the tag ‘{{&name’ is not taken"),
        ("{{=<% %>=}}<%nmae%>", "line 1: the tag ‘{{=<% %>=’ is not taken"),
        ("{{% CONTENT_TYPE:HTML}}", "line 1: the tag ‘{{%CONTENT_TYPE:HTML’ is not taken"),
        ("{{$block}}{{/block}}", "line 1: the tag ‘{{$block’ is not taken"),
        ("one\n{{#name}}two", "line 2: a section is not closed"),
        ("one\n\n{{#name}}{{/plan}}", "line 3: a section is closed under another name"),
        ("one\n{{name", "line 2: a tag is not closed"),
        ("one\n{{nämé}}", "line 2: a tag is not closed, or has a character"),
    ])
    func aMistakeIsFoundWhenTemplatesAreRead(_ text: String, _ words: String) throws {
        let directory = try TemporaryDirectory()
        for name in ["welcome.en.text.mustache", "welcome.en.html.mustache"] {
            let file = try directory.write(
                name, text.replacing(".text}}", with: name.contains("html") ? ".html}}" : ".text}}"))
            let error = #expect(throws: MembershipError.self) { try MailTemplates(directory: directory.path) }
            #expect(error?.code == .invalidTemplate)
            let expected = name.contains("html") ? words.replacing(".text’", with: ".html’") : words
            #expect(error?.message.hasPrefix("\(name), \(expected)") == true, "\(error?.message ?? "")")
            try FileManager.default.removeItem(atPath: file)
        }
    }

    @Test(arguments: [
        ("welcome.fr.text.mustache", "Bonjour", "‘welcome.fr.text.mustache’ is not the name of a template"),
        ("welcome.en.text.mustache~", "Hello", "‘welcome.en.text.mustache~’ is not the name of a template"),
        ("welcome.en.subject.mustache", "Hello\nyou", "welcome.en.subject.mustache, line 2: a subject is one line"),
        ("welcome.en.subject.mustache", "{{>top.en.subject}}", "welcome.en.subject.mustache, line 1: ‘top.en.subject’"),
        ("top.en.text.mustache", "{{>top.en.text}}", "top.en.text.mustache, line 1: ‘top.en.text’ is not a piece"),
        ("top.en.text.mustache", String(repeating: "x", count: 256 * 1024 + 1), "top.en.text.mustache: it is larger"),
    ])
    func aFileThatIsNoTemplateIsRefused(_ name: String, _ text: String, _ words: String) throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(name, text)
        let error = #expect(throws: MembershipError.self) { try MailTemplates(directory: directory.path) }
        #expect(error?.code == .invalidTemplate)
        #expect(error?.message.hasPrefix(words) == true, "\(error?.message ?? "")")
    }

    @Test func whatCannotBeReadIsRefused() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("top.en.text.mustache", [0x48, 0xFF])
        let error = #expect(throws: MembershipError.self) { try MailTemplates(directory: directory.path) }
        #expect(error?.message == "top.en.text.mustache: it is not UTF-8.")
        let missing = #expect(throws: MembershipError.self) { try MailTemplates(directory: directory.path + "/none") }
        #expect(missing?.code == .unreadableFile)
    }

    @Test func aSubjectThatComesOutEmptyIsRefused() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("welcome.en.subject.mustache", "{{name}}")
        let templates = try MailTemplates(directory: directory.path)
        let error = #expect(throws: MembershipError.self) {
            try templates.render(Letter(message: .welcome, language: .english, values: ["site": "Golem"]))
        }
        #expect(error?.code == .invalidTemplate)
    }
}
