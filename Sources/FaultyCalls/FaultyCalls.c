#define _GNU_SOURCE
#include "FaultyCalls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { OPEN, READ, WRITE, SYNC, TRUNCATE, LIST, LINK, MKDIR, UNLINK, STAT, KINDS };
static const char *const names[KINDS] = {"open", "read", "write",  "sync",  "truncate",
                                        "list", "link", "mkdir", "unlink", "stat"};

static const char *under, *counts_path;
static int wanted = -1, error_number;
static long nth;
static bool lasts;
static atomic_long counts[KINDS];

// Which descriptors are of files under the directory.
static atomic_bool watched[1 << 16];

__attribute__((constructor)) static void begin(void) {
    under = getenv("FAULTY_CALLS_UNDER");
    counts_path = getenv("FAULTY_CALLS_COUNTS");
    const char *kind = getenv("FAULTY_CALLS_KIND"), *number = getenv("FAULTY_CALLS_NTH");
    const char *code = getenv("FAULTY_CALLS_ERRNO"), *goes_on = getenv("FAULTY_CALLS_LASTS");
    if (kind == NULL || number == NULL || code == NULL) return;
    for (int place = 0; place < KINDS; place++)
        if (strcmp(kind, names[place]) == 0) wanted = place;
    nth = atol(number);
    error_number = atoi(code);
    lasts = goes_on != NULL && strcmp(goes_on, "1") == 0;
}

__attribute__((destructor)) static void end(void) {
    if (counts_path == NULL) return;
    FILE *file = fopen(counts_path, "w");
    if (file == NULL) return;
    for (int place = 0; place < KINDS; place++) fprintf(file, "%s %ld\n", names[place], atomic_load(&counts[place]));
    fclose(file);
}

static bool is_under(const char *path) {
    if (under == NULL || path == NULL) return false;
    size_t length = strlen(under);
    return strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_watched(int descriptor) {
    return descriptor >= 0 && descriptor < (int)(sizeof watched / sizeof watched[0]) && watched[descriptor];
}

static void watch(int descriptor, bool on) {
    if (descriptor >= 0 && descriptor < (int)(sizeof watched / sizeof watched[0])) watched[descriptor] = on;
}

/// Counts a call, and says whether it is one that fails.
static bool fails(enum kind kind) {
    long number = atomic_fetch_add(&counts[kind], 1) + 1;
    if (kind != wanted || number < nth || (number > nth && !lasts)) return false;
    if (error_number != 0) errno = error_number;
    return true;
}

/// The function of this name that would have been called without this library.
#define NEXT(name) ((typeof(&name))next(&cache, #name))
static void *next(void **cache, const char *name) {
    if (*cache == NULL) *cache = dlsym(RTLD_NEXT, name);
    return *cache;
}

// MARK: - Opening

#define OPENING(name)                                                                                                  \
    int name(const char *path, int flags, ...) {                                                                       \
        static void *cache;                                                                                            \
        mode_t mode = 0;                                                                                               \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                                                         \
            va_list arguments;                                                                                         \
            va_start(arguments, flags);                                                                                \
            mode = va_arg(arguments, mode_t);                                                                          \
            va_end(arguments);                                                                                         \
        }                                                                                                              \
        bool is_meant = is_under(path);                                                                                \
        if (is_meant && fails(OPEN)) return -1;                                                                        \
        int descriptor = NEXT(name)(path, flags, mode);                                                                \
        watch(descriptor, is_meant);                                                                                   \
        return descriptor;                                                                                             \
    }

OPENING(open)
OPENING(open64)

DIR *opendir(const char *path) {
    static void *cache;
    if (is_under(path) && fails(OPEN)) return NULL;
    DIR *directory = NEXT(opendir)(path);
    if (directory != NULL) watch(dirfd(directory), is_under(path));
    return directory;
}

int closedir(DIR *directory) {
    static void *cache;
    watch(dirfd(directory), false);
    return NEXT(closedir)(directory);
}

struct dirent *readdir(DIR *directory) {
    static void *cache;
    if (is_watched(dirfd(directory)) && fails(LIST)) return NULL;
    return NEXT(readdir)(directory);
}

struct dirent64 *readdir64(DIR *directory) {
    static void *cache;
    if (is_watched(dirfd(directory)) && fails(LIST)) return NULL;
    return NEXT(readdir64)(directory);
}

int close(int descriptor) {
    static void *cache;
    watch(descriptor, false);
    return NEXT(close)(descriptor);
}

// MARK: - Reading and writing

ssize_t read(int descriptor, void *bytes, size_t count) {
    static void *cache;
    if (is_watched(descriptor) && fails(READ)) return -1;
    return NEXT(read)(descriptor, bytes, count);
}

#define READING(name, offset_type)                                                                                     \
    ssize_t name(int descriptor, void *bytes, size_t count, offset_type offset) {                                      \
        static void *cache;                                                                                            \
        if (is_watched(descriptor) && fails(READ)) return -1;                                                          \
        return NEXT(name)(descriptor, bytes, count, offset);                                                           \
    }

READING(pread, off_t)
READING(pread64, off64_t)

/// How much of a write is done; less than all of it, or -1 for none, when it is one that fails.
static ssize_t writable(int descriptor, size_t count) {
    if (!is_watched(descriptor) || !fails(WRITE)) return (ssize_t)count;
    return error_number == 0 ? (ssize_t)((count + 1) / 2) : -1;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    static void *cache;
    ssize_t part = writable(descriptor, count);
    return part < 0 ? -1 : NEXT(write)(descriptor, bytes, (size_t)part);
}

#define WRITING(name, offset_type)                                                                                     \
    ssize_t name(int descriptor, const void *bytes, size_t count, offset_type offset) {                                \
        static void *cache;                                                                                            \
        ssize_t part = writable(descriptor, count);                                                                    \
        return part < 0 ? -1 : NEXT(name)(descriptor, bytes, (size_t)part, offset);                                    \
    }

WRITING(pwrite, off_t)
WRITING(pwrite64, off64_t)

#define ON_DESCRIPTOR(kind, name, parameters, ...)                                                                     \
    int name parameters {                                                                                              \
        static void *cache;                                                                                            \
        if (is_watched(descriptor) && fails(kind)) return -1;                                                          \
        return NEXT(name)(__VA_ARGS__);                                                                                \
    }

ON_DESCRIPTOR(SYNC, fsync, (int descriptor), descriptor)
ON_DESCRIPTOR(SYNC, fdatasync, (int descriptor), descriptor)
ON_DESCRIPTOR(TRUNCATE, ftruncate, (int descriptor, off_t size), descriptor, size)
ON_DESCRIPTOR(TRUNCATE, ftruncate64, (int descriptor, off64_t size), descriptor, size)
ON_DESCRIPTOR(STAT, fstat, (int descriptor, struct stat *status), descriptor, status)
ON_DESCRIPTOR(STAT, fstat64, (int descriptor, struct stat64 *status), descriptor, status)

// MARK: - Names

#define ON_PATH(kind, name, parameters, ...)                                                                           \
    int name parameters {                                                                                              \
        static void *cache;                                                                                            \
        if (is_under(path) && fails(kind)) return -1;                                                                  \
        return NEXT(name)(__VA_ARGS__);                                                                                \
    }

ON_PATH(LINK, link, (const char *path, const char *to), path, to)
ON_PATH(LINK, rename, (const char *path, const char *to), path, to)
ON_PATH(MKDIR, mkdir, (const char *path, mode_t mode), path, mode)
ON_PATH(UNLINK, unlink, (const char *path), path)
ON_PATH(UNLINK, rmdir, (const char *path), path)
ON_PATH(UNLINK, remove, (const char *path), path)
ON_PATH(STAT, stat, (const char *path, struct stat *status), path, status)
ON_PATH(STAT, stat64, (const char *path, struct stat64 *status), path, status)
ON_PATH(STAT, lstat, (const char *path, struct stat *status), path, status)
ON_PATH(STAT, lstat64, (const char *path, struct stat64 *status), path, status)
