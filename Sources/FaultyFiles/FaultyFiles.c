#include "FaultyFiles.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// One lock for all that is kept here. It is never held while the system is asked for anything.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static sqlite3_vfs *real_vfs;
static char *watched_directory;

// MARK: - The journal

static bool recording;
static struct FaultyFilesRecord *records;
static int64_t record_count, record_room;

struct JournalFile {
    char *path;
    bool is_deleted;
};
static struct JournalFile *files;
static int32_t file_count, file_room;

static void *grown(void *array, int64_t count, int64_t *room, size_t size) {
    if (count < *room) return array;
    *room = *room == 0 ? 1024 : *room * 2;
    void *larger = realloc(array, (size_t)*room * size);
    // A trial that has no memory left has nothing to say.
    if (larger == NULL) abort();
    return larger;
}

void faulty_files_record(bool on) {
    pthread_mutex_lock(&lock);
    recording = on;
    if (on) {
        for (int64_t place = 0; place < record_count; place++) free((void *)records[place].bytes);
        for (int32_t file = 0; file < file_count; file++) free(files[file].path);
        record_count = 0;
        file_count = 0;
    }
    pthread_mutex_unlock(&lock);
}

int64_t faulty_files_position(void) {
    pthread_mutex_lock(&lock);
    int64_t position = record_count;
    pthread_mutex_unlock(&lock);
    return position;
}

struct FaultyFilesRecord faulty_files_at(int64_t position) {
    pthread_mutex_lock(&lock);
    struct FaultyFilesRecord record = records[position];
    pthread_mutex_unlock(&lock);
    return record;
}

const char *faulty_files_path(int32_t file) {
    pthread_mutex_lock(&lock);
    const char *path = file < file_count ? files[file].path : NULL;
    pthread_mutex_unlock(&lock);
    return path;
}

/// The number of the file that now stands under a path; a new one when there is none. The lock is held.
static int32_t number_of(const char *path) {
    for (int32_t file = file_count - 1; file >= 0; file--) {
        if (!files[file].is_deleted && strcmp(files[file].path, path) == 0) return file;
    }
    int64_t room = file_room;
    files = grown(files, file_count, &room, sizeof *files);
    file_room = (int32_t)room;
    files[file_count] = (struct JournalFile){.path = strdup(path), .is_deleted = false};
    return file_count++;
}

static void note(const char *path, int32_t kind, int64_t offset, const void *bytes, int64_t length) {
    pthread_mutex_lock(&lock);
    if (recording) {
        records = grown(records, record_count, &record_room, sizeof *records);
        uint8_t *copy = NULL;
        if (length > 0) {
            copy = malloc((size_t)length);
            if (copy == NULL) abort();
            memcpy(copy, bytes, (size_t)length);
        }
        int32_t file = number_of(path);
        if (kind == FAULTY_FILES_RECORD_DELETE) files[file].is_deleted = true;
        records[record_count++] = (struct FaultyFilesRecord){
            .kind = kind, .file = file, .offset = offset, .length = length, .bytes = copy};
    }
    pthread_mutex_unlock(&lock);
}

// MARK: - The fault

static struct {
    int call;
    int64_t nth;
    int code;
    bool until_healed;
} fault;
static int64_t counts[FAULTY_FILES_CALLS];
static int64_t failures;

void faulty_files_fail(int call, int64_t nth, int code, bool until_healed) {
    pthread_mutex_lock(&lock);
    fault.call = call;
    fault.nth = nth;
    fault.code = code;
    fault.until_healed = until_healed;
    memset(counts, 0, sizeof counts);
    failures = 0;
    pthread_mutex_unlock(&lock);
}

void faulty_files_heal(void) {
    pthread_mutex_lock(&lock);
    fault.nth = 0;
    pthread_mutex_unlock(&lock);
}

int64_t faulty_files_count(int call) {
    pthread_mutex_lock(&lock);
    int64_t count = counts[call];
    pthread_mutex_unlock(&lock);
    return count;
}

int64_t faulty_files_failures(void) {
    pthread_mutex_lock(&lock);
    int64_t count = failures;
    pthread_mutex_unlock(&lock);
    return count;
}

/// Counts a call; what it is to fail with, or SQLITE_OK.
static int verdict(int call) {
    pthread_mutex_lock(&lock);
    int64_t count = ++counts[call];
    bool fails = fault.nth > 0 && fault.call == call
        && (count == fault.nth || (fault.until_healed && count > fault.nth));
    if (fails) failures++;
    int code = fails ? fault.code : SQLITE_OK;
    pthread_mutex_unlock(&lock);
    return code;
}

// MARK: - The slowness

static int64_t extra_of_sync;

void faulty_files_slow_syncs(int64_t nanoseconds) {
    pthread_mutex_lock(&lock);
    extra_of_sync = nanoseconds;
    pthread_mutex_unlock(&lock);
}

static void wait_after_sync(void) {
    pthread_mutex_lock(&lock);
    int64_t extra = extra_of_sync;
    pthread_mutex_unlock(&lock);
    if (extra <= 0) return;
    struct timespec time = {.tv_sec = extra / 1000000000, .tv_nsec = extra % 1000000000};
    nanosleep(&time, NULL);
}

// MARK: - What is watched

void faulty_files_watch(const char *directory) {
    pthread_mutex_lock(&lock);
    free(watched_directory);
    watched_directory = directory == NULL ? NULL : strdup(directory);
    pthread_mutex_unlock(&lock);
}

static bool is_watched(const char *path) {
    if (path == NULL) return false;
    pthread_mutex_lock(&lock);
    size_t length = watched_directory == NULL ? 0 : strlen(watched_directory);
    bool is = length > 0 && strncmp(path, watched_directory, length) == 0 && path[length] == '/';
    pthread_mutex_unlock(&lock);
    return is;
}

// MARK: - Files

struct FaultyFile {
    sqlite3_file base;
    /// NULL for one that was not watched when it was opened. SQLite keeps the name for as long as the file is open.
    const char *path;
    /// Whether the journal is told of it.
    bool is_kept;
    sqlite3_file *real;
};

static struct FaultyFile *faulty(sqlite3_file *file) { return (struct FaultyFile *)file; }
static sqlite3_file *real_of(sqlite3_file *file) { return faulty(file)->real; }
static int verdict_on(sqlite3_file *file, int call) {
    return is_watched(faulty(file)->path) ? verdict(call) : SQLITE_OK;
}

static int file_close(sqlite3_file *file) { return real_of(file)->pMethods->xClose(real_of(file)); }

static int file_read(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset) {
    int code = verdict_on(file, FAULTY_FILES_READ);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), buffer, count, offset);
}

static int file_write(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset) {
    int code = verdict_on(file, FAULTY_FILES_WRITE);
    if (code != SQLITE_OK) {
        real_of(file)->pMethods->xWrite(real_of(file), buffer, count / 2, offset);
        return code;
    }
    // Noted first: a cut may come while it is written.
    if (faulty(file)->is_kept) note(faulty(file)->path, FAULTY_FILES_RECORD_WRITE, offset, buffer, count);
    return real_of(file)->pMethods->xWrite(real_of(file), buffer, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = verdict_on(file, FAULTY_FILES_TRUNCATE);
    if (code != SQLITE_OK) return code;
    if (faulty(file)->is_kept) note(faulty(file)->path, FAULTY_FILES_RECORD_TRUNCATE, size, NULL, 0);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = verdict_on(file, FAULTY_FILES_SYNC);
    if (code != SQLITE_OK) return code;
    int64_t begun = faulty_files_position();
    code = real_of(file)->pMethods->xSync(real_of(file), flags);
    wait_after_sync();
    // Noted last: what another thread wrote meanwhile need not be on the disk, and a cut may come before the end.
    if (code == SQLITE_OK && faulty(file)->is_kept) {
        note(faulty(file)->path, FAULTY_FILES_RECORD_SYNC, begun, NULL, 0);
    }
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = verdict_on(file, FAULTY_FILES_FILE_SIZE);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level) {
    int code = verdict_on(file, FAULTY_FILES_LOCK);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *result) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }

static int file_device_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extends, void volatile **memory) {
    int code = verdict_on(file, FAULTY_FILES_SHM_MAP);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xShmMap(real_of(file), page, size, extends, memory);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    int code = flags & SQLITE_SHM_LOCK ? verdict_on(file, FAULTY_FILES_SHM_LOCK) : SQLITE_OK;
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }

static int file_shm_unmap(sqlite3_file *file, int deletes) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), deletes);
}

// The second version of these methods: without memory-mapped reading, which nothing could fail.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

// MARK: - The VFS

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    struct FaultyFile *opened = faulty(file);
    opened->base.pMethods = NULL;
    opened->real = (sqlite3_file *)(opened + 1);
    opened->path = is_watched(path) ? path : NULL;
    const int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    opened->is_kept = opened->path != NULL && (flags & kept) != 0;
    int code = verdict_on(file, flags & SQLITE_OPEN_MAIN_DB ? FAULTY_FILES_OPEN_MAIN : FAULTY_FILES_OPEN);
    if (code == SQLITE_READONLY) {
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
        code = SQLITE_OK;
    }
    if (code == SQLITE_OK) code = real_vfs->xOpen(real_vfs, path, opened->real, flags, out_flags);
    if (code != SQLITE_OK) return code;
    opened->base.pMethods = &methods;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_directory) {
    (void)vfs;
    bool watched = is_watched(path);
    int code = watched ? verdict(FAULTY_FILES_DELETE) : SQLITE_OK;
    if (code == SQLITE_OK) code = real_vfs->xDelete(real_vfs, path, syncs_directory);
    if (code == SQLITE_OK && watched) note(path, FAULTY_FILES_RECORD_DELETE, 0, NULL, 0);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    int code = is_watched(path) ? verdict(FAULTY_FILES_ACCESS) : SQLITE_OK;
    return code != SQLITE_OK ? code : real_vfs->xAccess(real_vfs, path, flags, result);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *result) {
    (void)vfs;
    int code = is_watched(path) ? verdict(FAULTY_FILES_FULL_PATHNAME) : SQLITE_OK;
    return code != SQLITE_OK ? code : real_vfs->xFullPathname(real_vfs, path, size, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    (void)vfs;
    return real_vfs->xRandomness(real_vfs, count, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return real_vfs->xSleep(real_vfs, microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *time) {
    (void)vfs;
    return real_vfs->xCurrentTime(real_vfs, time);
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *time) {
    (void)vfs;
    return real_vfs->xCurrentTimeInt64(real_vfs, time);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text) {
    (void)vfs;
    return real_vfs->xGetLastError(real_vfs, size, text);
}

int faulty_files_register(void) {
    static sqlite3_vfs vfs;
    if (real_vfs != NULL) return SQLITE_OK;
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) return SQLITE_ERROR;
    vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct FaultyFile) + real_vfs->szOsFile,
        .mxPathname = real_vfs->mxPathname,
        .zName = "faulty-files",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_current_time_int64,
    };
    return sqlite3_vfs_register(&vfs, 1);
}
