extension FeedDocument {
    package func entryIDs() throws -> Set<String> {
        let entries = try entries()
        var ids: Set<String> = []
        while let batch = try entries.next(upTo: 100) {
            for case .entry(let entry) in batch { ids.insert(entry.sourceID) }
        }
        return ids
    }
}
