package import Membership

extension ReadTransaction {
    /// The newest runs, of one job or of all.
    package func jobRuns(of job: String?, limit: Int) throws -> [JobRun] {
        try sql.query(
            """
            SELECT run_id, job, as_of, duration_ms, processed, error FROM job_runs
            WHERE job = coalesce($1, job) ORDER BY run_id DESC LIMIT $2
            """,
            [job, limit]
        ) { row in
            JobRun(
                id: try row.identifier(0), job: try row.text(1), asOf: try row.timestamp(2),
                durationMilliseconds: try row.integer(3), processed: try row.count(4),
                error: try row.optionalText(5))
        }
    }
}

extension WriteTransaction {
    /// Records a run.
    package func insertJobRun(
        job: String, asOf: Timestamp, durationMilliseconds: Int64, processed: Int, error: String?
    ) throws -> JobRun {
        let id: Identifier<JobRun> = try insertNew(into: "job_runs", key: "run_id") { id in
            try sql.run(
                """
                INSERT INTO job_runs (run_id, job, as_of, duration_ms, processed, error)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (run_id) DO NOTHING
                """,
                [id, job, asOf, durationMilliseconds, processed, error])
        }
        return JobRun(
            id: id, job: job, asOf: asOf, durationMilliseconds: durationMilliseconds, processed: processed,
            error: error)
    }
}
