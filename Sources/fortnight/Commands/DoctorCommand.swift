import ArgumentParser
import Membership
import MembershipService

struct DoctorCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the database over: settings, integrity, key, overdue work.",
        discussion: """
            Exit status 0 when all is well, 1 when something is wrong, and another when there is nothing to look at. \
            It reads the whole file.

            Example:
              fortnight doctor
            """)

    @OptionGroup var global: GlobalOptions

    func perform() async throws {
        let location = try global.location()
        let findings = try await Doctor(location).examine()
        let isSound = findings.allSatisfy(\.isSound)
        if global.json {
            try global.console.document(DoctorView(database: location.name, findings: findings))
        } else {
            var table = Table()
            table.add("ok", "version", "fortnight \(Fortnight.version)")
            table.add("ok", "database", location.name)
            for finding in findings { table.add(finding.isSound ? "ok" : "WRONG", finding.subject, finding.detail) }
            global.console.line(table.text)
            for case let (finding, remedy?) in findings.map({ ($0, $0.remedy) }) {
                global.console.line("\(finding.subject): \(remedy)")
            }
        }
        guard isSound else { throw ExitCode(ExitStatus.denied) }
    }
}

private struct DoctorView: Encodable {
    struct FindingView: Encodable {
        let subject: String
        let detail: String
        let ok: Bool
        @ExplicitNull var remedy: String?
    }

    let version: String
    let database: String
    let ok: Bool
    let findings: [FindingView]

    init(database: String, findings: [Finding]) {
        version = Fortnight.version
        self.database = database
        ok = findings.allSatisfy(\.isSound)
        self.findings = findings.map {
            FindingView(subject: $0.subject, detail: $0.detail, ok: $0.isSound, remedy: $0.remedy)
        }
    }
}
