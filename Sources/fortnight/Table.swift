/// Rows in aligned columns under a heading, or pairs without one.
struct Table {
    private var rows: [[String]]

    init(_ heading: String...) {
        rows = heading.isEmpty ? [] : [heading]
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    /// The lines, the last column not padded.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
