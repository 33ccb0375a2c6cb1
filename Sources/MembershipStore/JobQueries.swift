package import Membership

extension ReadTransaction {
    /// The newest runs, of one job or of all.
    package func jobRuns(of job: String?, limit: Int) throws -> [JobRun] {
        try sql.query(
            """
            SELECT \(jobRunColumns) FROM job_runs WHERE job = coalesce($1, job) ORDER BY run_id DESC LIMIT $2
            """,
            [job, limit], JobRun.init(row:))
    }

    /// The newest run of a job that came to an end; nil when there is none.
    package func lastFinishedRun(of job: String) throws -> JobRun? {
        try sql.first(
            """
            SELECT \(jobRunColumns) FROM job_runs WHERE job = $1 AND duration_ms IS NOT NULL
            ORDER BY run_id DESC LIMIT 1
            """,
            [job], JobRun.init(row:))
    }

    package func jobRun(_ id: Identifier<JobRun>) throws -> JobRun? {
        try sql.first("SELECT \(jobRunColumns) FROM job_runs WHERE run_id = $1", [id], JobRun.init(row:))
    }

    /// Who runs jobs now, by the names of the jobs.
    package func jobLeases() throws -> [JobLease] {
        try sql.query("SELECT \(jobLeaseColumns) FROM job_leases ORDER BY job", [], JobLease.init(row:))
    }

    /// Who runs a job now; nil when nobody does.
    package func jobLease(of job: String) throws -> JobLease? {
        try sql.first("SELECT \(jobLeaseColumns) FROM job_leases WHERE job = $1", [job], JobLease.init(row:))
    }

    /// The accounts with which jobs failed, the oldest failure first.
    package func jobFailures(limit: Int) throws -> [JobFailure] {
        try sql.query(
            "SELECT \(jobFailureColumns) FROM job_failures ORDER BY failed_at, account_id, job LIMIT $1", [limit],
            JobFailure.init(row:))
    }

    /// The jobs that have failed with an account.
    package func jobFailures(of account: Identifier<Account>) throws -> [JobFailure] {
        try sql.query(
            "SELECT \(jobFailureColumns) FROM job_failures WHERE account_id = $1 ORDER BY job", [account],
            JobFailure.init(row:))
    }

    /// The accounts with which a job failed, and was to try again by a moment; so many of them at most.
    package func jobFailures(of job: String, dueBy moment: Timestamp, limit: Int) throws -> [Identifier<Account>] {
        try sql.query(
            "SELECT account_id FROM job_failures WHERE job = $1 AND retry_at <= $2 ORDER BY account_id LIMIT $3",
            [job, moment, limit]
        ) { try $0.identifier(0) }
    }

    /// With how many accounts jobs failed.
    package func jobFailureCount() throws -> Int {
        try sql.first("SELECT count(*) FROM job_failures", []) { try $0.count(0) } ?? 0
    }

    /// How many old runs there are, the newest of each job left out.
    package func oldJobRunCount(before moment: Timestamp) throws -> Int {
        try sql.first("SELECT count(*) FROM job_runs AS r WHERE \(isOldRun)", [moment]) { try $0.count(0) } ?? 0
    }
}

// MARK: - Leases

extension WriteTransaction {
    /// Begins a run: its row, and the lease, whoever had that before.
    package func beginJobRun(of job: String, runner: String, until leasedUntil: Timestamp) throws -> JobRun {
        let id: Identifier<JobRun> = try insertNew(into: "job_runs", key: "run_id") { id in
            try sql.run(
                """
                INSERT INTO job_runs (run_id, job, as_of, runner, processed) VALUES ($1, $2, $3, $4, 0)
                ON CONFLICT (run_id) DO NOTHING
                """,
                [id, job, now, runner])
        }
        try sql.run(
            """
            INSERT INTO job_leases (job, run_id, runner, leased_until) VALUES ($1, $2, $3, $4)
            ON CONFLICT (job) DO UPDATE
                SET run_id = excluded.run_id, runner = excluded.runner, leased_until = excluded.leased_until
            """,
            [job, id, runner, leasedUntil])
        return JobRun(
            id: id, job: job, asOf: now, runner: runner, durationMilliseconds: nil, processed: 0, failed: 0, error: nil)
    }

    /// Holds a lease for longer.
    ///
    /// - Returns: false when the run does not have it any more.
    package func renewJobLease(of run: Identifier<JobRun>, job: String, until leasedUntil: Timestamp) throws -> Bool {
        try sql.run(
            "UPDATE job_leases SET leased_until = $1 WHERE job = $2 AND run_id = $3", [leasedUntil, job, run]) == 1
    }

    /// Notes what a run has done so far.
    package func noteProgress(of run: Identifier<JobRun>, processed: Int, failed: Int) throws {
        try sql.submit(
            "UPDATE job_runs SET processed = $1, failed = $2 WHERE run_id = $3", [processed, failed, run])
    }

    /// Ends a run, and gives its lease back if it still has it.
    package func endJobRun(_ run: JobRun) throws {
        try sql.submit(
            """
            UPDATE job_runs SET duration_ms = $1, processed = $2, failed = $3, error = $4 WHERE run_id = $5
            """,
            [run.durationMilliseconds, run.processed, run.failed, run.error, run.id])
        try sql.submit("DELETE FROM job_leases WHERE job = $1 AND run_id = $2", [run.job, run.id])
    }

    /// Notes that a run will not come to an end.
    package func abandonJobRun(_ run: Identifier<JobRun>, error: String) throws {
        try sql.submit(
            "UPDATE job_runs SET error = $1 WHERE run_id = $2 AND duration_ms IS NULL AND error IS NULL", [error, run])
    }

    /// Removes old runs, the newest of each job left out, at most `limit`.
    ///
    /// - Returns: how many that were.
    package func deleteJobRuns(before moment: Timestamp, limit: Int) throws -> Int {
        try sql.run(
            """
            DELETE FROM job_runs WHERE run_id IN (
                SELECT run_id FROM job_runs AS r WHERE \(isOldRun) ORDER BY run_id LIMIT $2)
            """,
            [moment, limit])
    }
}

/// The newest run of a job is kept however old it is, and so is one that still has its lease.
private let isOldRun = """
    r.as_of < $1 AND r.run_id < (SELECT max(n.run_id) FROM job_runs AS n WHERE n.job = r.job)
        AND NOT EXISTS (SELECT 1 FROM job_leases AS l WHERE l.run_id = r.run_id)
    """

// MARK: - Failures

extension WriteTransaction {
    /// Notes that a job failed with an account, and when it tries again.
    package func recordJobFailure(
        of job: String, account: Identifier<Account>, error: String, backoff: Backoff
    ) throws {
        let earlier = try sql.first(
            "SELECT attempts FROM job_failures WHERE account_id = $1 AND job = $2", [account, job]
        ) { try $0.count(0) }
        let attempts = (earlier ?? 0) + 1
        try sql.submit(
            """
            INSERT INTO job_failures (account_id, job, attempts, retry_at, error, failed_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (account_id, job) DO UPDATE SET attempts = excluded.attempts, retry_at = excluded.retry_at,
                error = excluded.error, failed_at = excluded.failed_at
            """,
            [account, job, attempts, now + backoff.wait(afterFailure: attempts), error, now])
    }

    /// Forgets that a job failed with accounts, because it succeeded now.
    package func forgetJobFailures(of job: String, accounts: [Identifier<Account>]) throws {
        guard !accounts.isEmpty, try jobFailureCount() > 0 else { return }
        try sql.submit(
            """
            DELETE FROM job_failures WHERE job = $1 AND account_id IN (\(placeholders(accounts.count, from: 2)))
            """,
            [job] + accounts as [any SQLValueConvertible])
    }
}

private let jobRunColumns = "run_id, job, as_of, runner, duration_ms, processed, failed, error"
private let jobFailureColumns = "account_id, job, attempts, retry_at, error, failed_at"
private let jobLeaseColumns = "job, run_id, runner, leased_until"

extension JobFailure {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            account: try row.identifier(0), job: try row.text(1), attempts: try row.count(2),
            retryAt: try row.timestamp(3), error: try row.text(4), failedAt: try row.timestamp(5))
    }
}

extension JobRun {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), job: try row.text(1), asOf: try row.timestamp(2),
            runner: try row.optionalText(3), durationMilliseconds: try row.optionalInteger(4),
            processed: try row.count(5), failed: try row.count(6), error: try row.optionalText(7))
    }
}

extension JobLease {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            job: try row.text(0), run: try row.identifier(1), runner: try row.text(2),
            leasedUntil: try row.timestamp(3))
    }
}
