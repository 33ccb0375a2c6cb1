// Files that fail on purpose, beneath SQLite: a VFS that passes every call on to the system's own, and of the files in
// one directory keeps a journal of what was written, or fails a call that was named beforehand. It can also make the disk
// a slower one.
#ifndef FAULTY_FILES_H
#define FAULTY_FILES_H

#include <stdbool.h>
#include <stdint.h>

/// The calls that can be made to fail. Giving a lock back never fails, as with the system.
enum FaultyFilesCall {
    FAULTY_FILES_READ,
    FAULTY_FILES_WRITE,
    FAULTY_FILES_TRUNCATE,
    FAULTY_FILES_SYNC,
    FAULTY_FILES_FILE_SIZE,
    FAULTY_FILES_LOCK,
    /// Of a database.
    FAULTY_FILES_OPEN_MAIN,
    /// Of any other file.
    FAULTY_FILES_OPEN,
    FAULTY_FILES_DELETE,
    FAULTY_FILES_ACCESS,
    FAULTY_FILES_FULL_PATHNAME,
    FAULTY_FILES_SHM_MAP,
    FAULTY_FILES_SHM_LOCK,
    FAULTY_FILES_CALLS
};

/// What a record of the journal is of.
enum FaultyFilesRecordKind {
    FAULTY_FILES_RECORD_WRITE,
    FAULTY_FILES_RECORD_TRUNCATE,
    FAULTY_FILES_RECORD_SYNC,
    FAULTY_FILES_RECORD_DELETE
};

/// Something that was done to a file.
struct FaultyFilesRecord {
    int32_t kind;
    /// The file, counted from 0 in the order of their first opening; one that is made anew under an old name is another.
    int32_t file;
    /// Where it was written; the new size of a truncation; of a sync the position at which it began, so that what was
    /// recorded before that is on the disk.
    int64_t offset;
    int64_t length;
    /// What was written. The journal's own, until it begins anew.
    const uint8_t *bytes;
};

/// Registers the VFS as the one that SQLite takes when none is named. To be called before the first database is opened.
///
/// Returns SQLite's result code.
int faulty_files_register(void);

/// Watches the files in a directory that are opened from now on, and no others; NULL watches none.
void faulty_files_watch(const char *directory);

/// Begins a journal anew, or ends it. Databases, their logs and journals are recorded; shared memory is not, because
/// none of it outlives the power.
void faulty_files_record(bool on);

/// How many records there are.
int64_t faulty_files_position(void);

/// The record at a position; the position must have been reached.
struct FaultyFilesRecord faulty_files_at(int64_t position);

/// The path of a file of the journal; NULL behind the last.
const char *faulty_files_path(int32_t file);

/// Counts calls from now on, and fails the n-th of a kind with an SQLite result code; `until_healed` fails every later
/// one too. n = 0 fails none. A write that fails has written its first half. Opening with SQLITE_READONLY opens a
/// database as a file that may not be written to.
void faulty_files_fail(int call, int64_t nth, int code, bool until_healed);

/// Lets everything work again. Calls are counted on.
void faulty_files_heal(void);

/// Makes each sync of any file take at least so much longer; 0 for no longer.
void faulty_files_slow_syncs(int64_t nanoseconds);

/// How many calls of a kind there were since faulty_files_fail.
int64_t faulty_files_count(int call);

/// How many calls were failed since faulty_files_fail.
int64_t faulty_files_failures(void);

#endif
