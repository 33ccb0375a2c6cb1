import TestSupport

/// A command as somebody would give it, of which the trial of input makes others.
struct CommandSample: Sendable {
    /// `subscription start`, a word each.
    let name: [String]
    /// What stands behind it; a word in braces is known only when there is a database.
    let arguments: [String]

    /// Reads a line: the name, a bar, and the arguments.
    private init(_ line: Substring) {
        let parts = line.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
        name = parts.first ?? []
        arguments = parts.dropFirst().first ?? []
    }

    /// The command with what is known of a database.
    func words(_ known: [String: String]) -> [[UInt8]] { (name + arguments).map { Array((known[$0] ?? $0).utf8) } }

    /// The command with some of its words mutated, doubled, missing or in another order. Its name mostly stays: of a
    /// command that is none there is not much to try.
    func mutated(_ known: [String: String], _ dice: inout SeededNumbers) -> [[UInt8]] {
        let all = self.words(known)
        let kept = dice.chance(5) ? 0 : name.count
        var words = Array(all.dropFirst(kept))
        let mutation = Mutation(samples: InputSamples.values + all)
        for _ in 0...dice.below(3) {
            guard !words.isEmpty else {
                words.append(mutation.make(&dice))
                continue
            }
            let place = dice.below(words.count)
            switch dice.below(8) {
            case 0: words.swapAt(place, dice.below(words.count))
            case 1: words.remove(at: place)
            case 2: words.insert(words[place], at: place)
            case 3: words.insert(mutation.make(&dice), at: place)
            default: words[place] = Mutation(samples: [words[place]]).make(&dice)
            }
        }
        return CommandSample.contained(Array(all.prefix(kept)) + words)
    }

    // MARK: - What a mutated command must not do

    /// Those that make files or databases of names that they are given.
    private static let makers: [[[UInt8]]] = [
        "init", "demo", "backup", "restore", "sandbox fork", "account export",
    ].map { name in name.split(separator: " ").map { Array($0.utf8) } }

    static func makesFiles(_ words: [[UInt8]]) -> Bool {
        makers.contains { words.starts(with: $0) }
    }

    /// What would not end.
    private static let endless = ["--follow", "--jobs-only"].map { Array($0.utf8) }

    /// Keeps a command from going on for ever, and from making files elsewhere than where it runs.
    static func contained(_ words: [[UInt8]]) -> [[UInt8]] {
        let makesFiles = CommandSample.makesFiles(words)
        // A zero ends a word, and a word longer than the system passes to a program says nothing.
        var kept = words.map { word in
            Array(word.filter { $0 != 0 && !(makesFiles && $0 == UInt8(ascii: "/")) }.prefix(100_000))
        }
        kept.removeAll(where: endless.contains)
        let once = Array("--once".utf8)
        if kept.contains(where: { $0.starts(with: "--to-dir".utf8) }), !kept.contains(once) { kept.append(once) }
        return kept
    }
}

extension CommandSample {
    /// What is done to a database before anything is tried on it, so that there is a reader in every state. The feed is
    /// where the commands run.
    static let preparation: [CommandSample] = list(
        """
        article import | feed.xml
        plan add | yearly --price 99.00:EUR --interval 1year --entitlement all-titles
        plan publish | yearly
        signup | gil@example.com
        signup | fay@example.com --no-trial
        subscription start | fay@example.com --amount 9.99 --currency EUR --reference INV-1
        clock advance | 32d
        signup | ada@example.com --name Ada --device phone-1
        signup | bea@example.com --no-trial
        subscription start | bea@example.com --amount 9.99 --currency EUR --reference INV-2
        signup | cleo@example.com --no-trial
        signup | dora@example.com
        account suspend | dora@example.com --reason Shared
        signup | eve@example.com --no-trial
        subscription start | eve@example.com --amount 9.99 --currency EUR --reference INV-3
        subscription pause | eve@example.com
        plan add | yearly --price 109.00:EUR
        plan add | membership --price 10.99:EUR
        plan publish | membership
        trial domains add | mailinator.com
        rule set | title:the-harbour-times metered --free-for 24h
        open | ada@example.com {article}
        """)

    /// Of every command at least one, as it is allowed on what was prepared. They end by themselves: `serve` without
    /// `--jobs-only` is refused, `events tail` does not follow, and `backup --to-dir` copies once.
    static let all: [CommandSample] = list(
        """
        signup | new@example.com --name Ada --time-zone Europe/Berlin --language de --device p-2 --visitor {visitor}
        signup | new@example.com --no-trial --json
        check | ada@example.com {article} --explain
        check | --anonymous {article} --at 2028-05-03T10:00:00Z --known-at 2028-02-01T10:00:00Z
        check | --visitor {visitor} {article} {article} --time-zone Europe/Berlin --json
        check | --stdin --article {article} --json
        open | ada@example.com {article} --client-key k --seconds 3
        open | --visitor {visitor} {article}
        init | --database new.db --sandbox --trial-days 14 --price 9.99 --currency EUR
        migrate | --dry-run
        doctor | --json
        backup | taken.db --without-key
        backup | --to-dir moments --once --keep 30d --base-every 1d
        restore | copy.db --database restored.db
        restore | moments --at 9999-05-03T10:00:00Z --database restored.db
        restore | moments --list --json
        demo | sample
        title add | golem --name Golem --access metered --section Town
        title list
        article import | feed.xml --title golem --section Town --access premium --dry-run
        article import | feed.xml --title golem
        article list | --title the-harbour-times --section harbour --limit 5 --json
        article show | {article} --body
        article set-access | {article} free
        article edit | {article} --summary Short. --key-point One --key-point Two
        account show | ada@example.com --json
        account list | --status trialing --limit 2 --after acct_01hzy3k2m4n5p
        account timeline | ada@example.com
        account at | ada@example.com 2028-02-03T10:00:00Z --known-at 2028-02-01T10:00:00Z
        account forecast | ada@example.com --until 2028-05-03T10:00:00Z
        account suspend | ada@example.com --reason why
        account reinstate | dora@example.com --reason why
        account change-email | ada@example.com new@example.com --reason why
        account merge | bea@example.com ada@example.com --reason why
        account export | ada@example.com --out ada.json
        account erase | ada@example.com --reason why --yes
        trial start | cleo@example.com --device phone-2 --reason why
        trial extend | ada@example.com 3 --reason why --revision 1
        trial end | ada@example.com --reason why
        trial convert | ada@example.com --now --reason why
        trial eligibility | new@example.com --device phone-1
        trial domains add | trash.example other.example
        trial domains remove | mailinator.com
        trial domains list
        trial domains import | domains.txt
        subscription show | ada@example.com
        subscription start | cleo@example.com --plan yearly --amount 99 --currency EUR --reference r --for 1
        subscription activate | ada@example.com --reason why --revision 1
        subscription renew | fay@example.com --reason why
        subscription cancel | bea@example.com --now --reason why
        subscription resume | eve@example.com --reason why
        subscription pause | bea@example.com --until 2028-05-03T10:00:00Z --reason why
        subscription change-plan | bea@example.com yearly --at-renewal --reason why
        plan add | archive --price 99.00:EUR --price 109.00:USD --interval 1year --trial-days 0 --entitlement all-titles
        plan publish | yearly
        plan list
        plan show | membership --json
        plan retire | yearly
        plan migrate | membership --from 1 --to 2 --at renewal --reason why
        plan migrate | membership --from 1 --to 2 --dry-run --json
        plan apply | catalog.yaml --dry-run
        rule list | --title the-harbour-times --at 2028-05-03T10:00:00Z --voided
        rule set | title:the-harbour-times metered --free-for 24h --requires all-titles --anonymous 2 --registered 5
        rule set | default premium --free-after 30d --teaser 20% --from 2028-05-03T10:00:00Z --reason why
        rule unset | title:the-harbour-times --from 2028-05-03T10:00:00Z --reason why
        rule explain | {article} --at 2028-05-03T10:00:00Z
        rule apply | rules.yaml --dry-run --reason why
        payment record | bea@example.com 9.99 EUR --reference INV-5 --for 1
        payment list | bea@example.com
        grant add | ada@example.com all-titles --source gift --until 2028-05-03T10:00:00Z --reason why
        grant void | ada@example.com {grant} --reason why
        grant list | ada@example.com --at 2028-05-03T10:00:00Z --json
        reads report | --month 2028-02 --by section --time-zone Europe/Berlin
        reads list | ada@example.com --limit 3
        reads list | --visitor {visitor}
        events list | --account ada@example.com --kind trial. --actor operator:jo --since 2028-01-01T00:00:00Z
        events list | --until 2029-01-01T00:00:00Z --limit 3 --after 2028-01-01T00:00:00Z/acct_01hzy3k2m4n5p/3
        events tail | --limit 3 --json
        events verify | --account ada@example.com
        jobs list
        jobs run | trial-expiry --limit 3
        jobs run | renewal --dry-run
        jobs run-due | --json
        jobs history | --limit 3
        outbox list | --due --limit 3 --after {message}
        outbox show | {message}
        outbox retry | {message}
        outbox retry | --all-dead
        serve
        clock show
        clock set | 2029-05-03T10:00:00Z
        clock advance | 1d12h
        sandbox fork | copy.db fork.db --account ada@example.com bea@example.com
        """)

    private static func list(_ text: String) -> [CommandSample] { text.split(separator: "\n").map(CommandSample.init) }
}
