/// The one error of this system: a code for machines, a sentence for people, and what to do about it.
///
/// A denied article is not an error; see ``AccessDecision``.
public struct MembershipError: Error, Equatable, Sendable {
    /// What kind of thing went wrong. Stable: the command line maps it to an exit status.
    public let code: Code
    /// What was wrong, naming the value that was.
    public let message: String
    /// What to do next, when there is something to do.
    public let remedy: String?

    /// Makes an error; `message` names the offending value, `remedy` says what to do next.
    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// The kinds of error, by their spelling outside.
    public enum Code: String, CaseIterable, Sendable {
        // What was given is not what it should be.
        case invalidInput = "invalid_input"
        case invalidEmail = "invalid_email"
        case invalidSlug = "invalid_slug"
        case invalidFeed = "invalid_feed"
        case invalidCatalog = "invalid_catalog"
        case feedTooLarge = "feed_too_large"
        case unreadableFile = "unreadable_file"
        case invalidTemplate = "invalid_template"
        case invalidRules = "invalid_rules"
        case backupDamaged = "backup_damaged"

        // What was asked for is not there.
        case unknownAccount = "unknown_account"
        case unknownArticle = "unknown_article"
        case unknownTitle = "unknown_title"
        case unknownSection = "unknown_section"
        case unknownEntitlement = "unknown_entitlement"
        case unknownPlan = "unknown_plan"
        case unknownJob = "unknown_job"
        case unknownGrant = "unknown_grant"
        case unknownSubscription = "unknown_subscription"
        case unknownMessage = "unknown_message"
        case unknownBackup = "unknown_backup"

        // What was asked for cannot be, as things stand.
        case accountExists = "account_exists"
        case titleExists = "title_exists"
        case trialTaken = "trial_taken"
        case disposableDomain = "disposable_domain"
        case alreadySubscribed = "already_subscribed"
        case transitionForbidden = "transition_forbidden"
        case editConflict = "edit_conflict"
        case planRetired = "plan_retired"
        case referenceReused = "reference_reused"
        case clientKeyReused = "client_key_reused"
        case amountMismatch = "amount_mismatch"
        case grantVoided = "grant_voided"
        case accountErased = "account_erased"
        case alreadySuspended = "already_suspended"
        case notSuspended = "not_suspended"
        case liveClock = "live_clock"
        case clockBackwards = "clock_backwards"
        case databaseExists = "database_exists"
        case constraintViolated = "constraint_violated"

        // The database cannot serve.
        case databaseMissing = "database_missing"
        case notADatabase = "not_a_database"
        case databaseReadOnly = "database_read_only"
        case jobRunning = "job_running"
        case databaseBusy = "database_busy"
        case databaseFull = "database_full"
        case databaseUnavailable = "database_unavailable"
        case databaseDamaged = "database_damaged"
        case databaseNewer = "database_newer"
        case databaseOlder = "database_older"
        case unforeseen
        case outcomeUnknown = "outcome_unknown"
        case migrationChanged = "migration_changed"
        case keyMissing = "key_missing"
        case keyMismatch = "key_mismatch"
    }
}
