import Membership

/// What the process says to its caller: 0 done or allowed, then this.
enum ExitStatus {
    /// The article may not be read, or a check-up found something wrong.
    static let denied: Int32 = 1
    /// What nobody has foreseen: EX_SOFTWARE.
    static let unforeseen: Int32 = 70
    /// The result could not be written: EX_IOERR.
    static let outputLost: Int32 = 74

    /// What several answers come to: the first error, else denied when one is.
    static func worse(_ first: Int32, _ second: Int32) -> Int32 {
        first > denied || second == 0 ? first : second
    }

    /// The numbers are those of sysexits.h.
    static func of(_ code: MembershipError.Code) -> Int32 {
        switch code {
        case .invalidInput:
            64
        case .invalidEmail, .invalidSlug, .invalidFeed, .feedTooLarge, .invalidCatalog, .invalidTemplate,
            .invalidRules, .accountExists, .titleExists, .trialTaken, .disposableDomain, .alreadySubscribed,
            .transitionForbidden,
            .editConflict, .planRetired, .referenceReused, .clientKeyReused, .amountMismatch, .grantVoided,
            .accountErased,
            .alreadySuspended, .notSuspended, .liveClock, .clockBackwards, .databaseExists,
            .constraintViolated, .backupDamaged:
            65
        case .unknownAccount, .unknownArticle, .unknownTitle, .unknownSection, .unknownEntitlement, .unknownPlan,
            .unknownJob, .unknownGrant,
            .unknownSubscription, .unknownMessage, .unknownBackup, .unreadableFile:
            66
        case .databaseMissing, .notADatabase, .databaseReadOnly, .databaseFull, .databaseUnavailable, .databaseDamaged,
            .databaseNewer, .databaseOlder, .outcomeUnknown, .migrationChanged, .keyMissing, .keyMismatch:
            69
        case .databaseBusy, .jobRunning:
            75
        case .unforeseen:
            unforeseen
        }
    }
}
