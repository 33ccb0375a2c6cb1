/// Hands out the entries of a feed in its order, each as an entry or as a rejection with its reason.
///
/// Only what is asked for is in memory at a time. Not to be used by two tasks at once.
package final class FeedEntries {
    private let drafts: any FeedDrafts
    /// Only ids are kept, whose length is limited, and only of entries that were taken.
    private var positions: [String: Int] = [:]

    init(_ drafts: any FeedDrafts) {
        self.drafts = drafts
    }

    /// The next entries, at most `count`; nil at the end.
    ///
    /// - Throws: ``MembershipError`` when the feed cannot be read any more.
    package func next(upTo count: Int) throws -> [FeedItem]? {
        var items: [FeedItem] = []
        while items.count < count, let next = try drafts.next() { items.append(judge(next)) }
        return items.isEmpty ? nil : items
    }

    /// Takes a draft as an entry, or says why not.
    private func judge(_ placed: PlacedDraft) -> FeedItem {
        do throws(Rejection) {
            let entry = try placed.draft.entry()
            if let first = positions[entry.sourceID] {
                let id = FeedText.shortened(entry.sourceID, to: 80)
                throw Rejection(reason: "the id ‘\(id)’ was already used by entry \(first)")
            }
            positions[entry.sourceID] = placed.position
            return .entry(entry)
        } catch {
            return .rejected(
                RejectedEntry(
                    position: placed.position, line: placed.line, label: placed.draft.label, reason: error.reason))
        }
    }
}

/// What a format hands out, before it is judged.
protocol FeedDrafts: AnyObject {
    /// The next draft in the feed's order; nil at the end.
    func next() throws -> PlacedDraft?
}

/// How much of an entry is read.
enum DraftDepth {
    case whole
    /// Only what it is known by.
    case identity
}

/// A draft and where it stands in the feed.
struct PlacedDraft {
    /// Counted from 1.
    let position: Int
    let line: Int
    let draft: EntryDraft
}
