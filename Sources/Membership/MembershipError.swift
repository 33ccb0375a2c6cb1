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
        /// A value is none of its kind, or goes with no other that was given.
        case invalidInput = "invalid_input"
        /// It is no email address, or one that is not taken.
        case invalidEmail = "invalid_email"
        /// It is no slug.
        case invalidSlug = "invalid_slug"
        /// A feed cannot be taken.
        case invalidFeed = "invalid_feed"
        /// A file of plans cannot be taken, with the line.
        case invalidCatalog = "invalid_catalog"
        /// A feed is larger, or has more entries, than is taken.
        case feedTooLarge = "feed_too_large"
        /// A file cannot be read.
        case unreadableFile = "unreadable_file"
        /// A template of a letter cannot be taken, with the line.
        case invalidTemplate = "invalid_template"
        /// A file of rules cannot be taken, with the line.
        case invalidRules = "invalid_rules"
        /// A backup, or a part of one, is not as it was made.
        case backupDamaged = "backup_damaged"

        // What was asked for is not there.
        /// No account has the address or id.
        case unknownAccount = "unknown_account"
        /// There is no such article.
        case unknownArticle = "unknown_article"
        /// There is no such title.
        case unknownTitle = "unknown_title"
        /// The title has no such section.
        case unknownSection = "unknown_section"
        /// No plan gives the right, and nobody has it.
        case unknownEntitlement = "unknown_entitlement"
        /// There is no such plan, or no published version of it.
        case unknownPlan = "unknown_plan"
        /// There is no such job.
        case unknownJob = "unknown_job"
        /// The account has no such grant.
        case unknownGrant = "unknown_grant"
        /// The account has never had a subscription.
        case unknownSubscription = "unknown_subscription"
        /// There is no such message.
        case unknownMessage = "unknown_message"
        /// There is no backup, or none of the time.
        case unknownBackup = "unknown_backup"

        // What was asked for cannot be, as things stand.
        /// Another account has the address, however it is spelled.
        case accountExists = "account_exists"
        /// There is such a title, or it is another site's.
        case titleExists = "title_exists"
        /// The person, or somebody on the device, has had a trial.
        case trialTaken = "trial_taken"
        /// From the domain of the address there is no trial.
        case disposableDomain = "disposable_domain"
        /// The account has a subscription that has not ended.
        case alreadySubscribed = "already_subscribed"
        /// As the subscription is, that cannot happen to it.
        case transitionForbidden = "transition_forbidden"
        /// What a change was meant for has been changed by somebody else.
        case editConflict = "edit_conflict"
        /// Nobody can subscribe to the plan any more.
        case planRetired = "plan_retired"
        /// Another payment was recorded under the reference.
        case referenceReused = "reference_reused"
        /// Another opening had the client key, or this one had it too long ago.
        case clientKeyReused = "client_key_reused"
        /// The amount is not what the periods cost.
        case amountMismatch = "amount_mismatch"
        /// The grant is voided already.
        case grantVoided = "grant_voided"
        /// The account was erased, or has become part of another.
        case accountErased = "account_erased"
        /// The account is suspended already.
        case alreadySuspended = "already_suspended"
        /// The account is not suspended.
        case notSuspended = "not_suspended"
        /// The database is live, and its clock cannot be moved.
        case liveClock = "live_clock"
        /// A sandbox's clock does not go back.
        case clockBackwards = "clock_backwards"
        /// Something else is where a database or a backup was to be made.
        case databaseExists = "database_exists"
        /// The tables refuse what would break a rule of theirs.
        case constraintViolated = "constraint_violated"

        // The database cannot serve.
        /// There is no database, or it was never set up to the end.
        case databaseMissing = "database_missing"
        /// What is there is no database of this program's.
        case notADatabase = "not_a_database"
        /// It cannot be written to.
        case databaseReadOnly = "database_read_only"
        /// Another process runs the job.
        case jobRunning = "job_running"
        /// Others kept it for longer than is waited.
        case databaseBusy = "database_busy"
        /// Its disk is full.
        case databaseFull = "database_full"
        /// It cannot be reached or read.
        case databaseUnavailable = "database_unavailable"
        /// What is stored is not as it should be.
        case databaseDamaged = "database_damaged"
        /// A newer version of the program has changed its tables.
        case databaseNewer = "database_newer"
        /// Its tables are to be brought forward.
        case databaseOlder = "database_older"
        /// A mistake in the program.
        case unforeseen
        /// The connection broke while a change was being committed: it may have been or not.
        case outcomeUnknown = "outcome_unknown"
        /// A step of its schema was taken with another text.
        case migrationChanged = "migration_changed"
        /// The key of the trial ledger is not there.
        case keyMissing = "key_missing"
        /// The key of the trial ledger is another database's.
        case keyMismatch = "key_mismatch"
    }
}
