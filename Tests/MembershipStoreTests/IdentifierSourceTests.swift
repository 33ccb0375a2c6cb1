import Membership
import MembershipStore
import Testing

struct IdentifierSourceTests {
    @Test func oneProcessNeverRepeatsItself() async {
        let source = IdentifierSource()
        let moment = Timestamp(milliseconds: 1_767_225_600_000)
        let numbers = await withTaskGroup(of: [Int64].self) { group in
            for _ in 0..<4 { group.addTask { (0..<5000).map { _ in source.next(at: moment) } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(numbers).count == 20_000)
    }

    @Test func identifiersSortByTheTimeTheyWereMade() {
        let source = IdentifierSource()
        let numbers = (0..<1000).map { source.next(at: Timestamp(milliseconds: 1_767_225_600_000 + Int64($0))) }
        #expect(numbers == numbers.sorted())
        #expect(numbers.allSatisfy { $0 > 0 })
    }
}
