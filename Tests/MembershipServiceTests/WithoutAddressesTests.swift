import Testing

@testable import MembershipService

struct WithoutAddressesTests {
    @Test(arguments: [
        "ada@1und1.de", "ada@example.com", "<ada@1und1.de>", "to:ada@[127.0.0.1]", "Ada@1", "a@b@2", "@ada",
        "membership@2.de", "ada@1und1.de,", "ada\t@x.de",
    ])
    func anAddressIsLeftOut(_ address: String) {
        #expect("Mail to \(address) failed.".withoutAddresses == "Mail to … failed.")
    }

    @Test(arguments: ["membership@2", "‘membership@2’,", "(club-2026@14)", "membership@2."])
    func aVersionOfAPlanStays(_ version: String) {
        #expect("It has \(version) now.".withoutAddresses == "It has \(version) now.")
    }

    @Test func aLongTextIsCut() {
        #expect(String(repeating: "x", count: 600).withoutAddresses.count == 500)
    }
}
