// libpq brings two dozen libraries along (TLS, Kerberos, LDAP), which would double the time in which a command on an
// SQLite file starts. So it is not linked, but loaded when an address of a server is first read; each function below
// hands its arguments on.
#include "libpq_loader.h"

// A build for SQLite alone has no use for this, and perhaps no header.
#if __has_include(<postgresql/libpq-fe.h>) || __has_include(<libpq-fe.h>)

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

// Every function of libpq that is used: what it returns, its name, its parameters, and their names.
#define LIBPQ_FUNCTIONS(F) \
    F(PGconn *, PQconnectdbParams, \
      (const char *const *keywords, const char *const *values, int expand), (keywords, values, expand)) \
    F(PQconninfoOption *, PQconninfoParse, (const char *conninfo, char **message), (conninfo, message)) \
    F(ConnStatusType, PQstatus, (const PGconn *connection), (connection)) \
    F(char *, PQerrorMessage, (const PGconn *connection), (connection)) \
    F(const char *, PQparameterStatus, (const PGconn *connection, const char *name), (connection, name)) \
    F(PGTransactionStatusType, PQtransactionStatus, (const PGconn *connection), (connection)) \
    F(int, PQserverVersion, (const PGconn *connection), (connection)) \
    F(PQnoticeProcessor, PQsetNoticeProcessor, \
      (PGconn *connection, PQnoticeProcessor processor, void *context), (connection, processor, context)) \
    F(PGresult *, PQexec, (PGconn *connection, const char *sql), (connection, sql)) \
    F(int, PQputCopyData, (PGconn *connection, const char *bytes, int count), (connection, bytes, count)) \
    F(int, PQputCopyEnd, (PGconn *connection, const char *message), (connection, message)) \
    F(int, PQsendQuery, (PGconn *connection, const char *sql), (connection, sql)) \
    F(int, PQsendQueryParams, \
      (PGconn *connection, const char *sql, int count, const Oid *types, const char *const *values, \
       const int *lengths, const int *formats, int format), \
      (connection, sql, count, types, values, lengths, formats, format)) \
    F(int, PQsendQueryPrepared, \
      (PGconn *connection, const char *name, int count, const char *const *values, const int *lengths, \
       const int *formats, int format), \
      (connection, name, count, values, lengths, formats, format)) \
    F(int, PQenterPipelineMode, (PGconn *connection), (connection)) \
    F(int, PQexitPipelineMode, (PGconn *connection), (connection)) \
    F(int, PQpipelineSync, (PGconn *connection), (connection)) \
    F(PGresult *, PQgetResult, (PGconn *connection), (connection)) \
    F(PGresult *, PQprepare, \
      (PGconn *connection, const char *name, const char *sql, int count, const Oid *types), \
      (connection, name, sql, count, types)) \
    F(PGresult *, PQexecPrepared, \
      (PGconn *connection, const char *name, int count, const char *const *values, const int *lengths, \
       const int *formats, int format), \
      (connection, name, count, values, lengths, formats, format)) \
    F(ExecStatusType, PQresultStatus, (const PGresult *result), (result)) \
    F(char *, PQresultErrorField, (const PGresult *result, int field), (result, field)) \
    F(char *, PQresultErrorMessage, (const PGresult *result), (result)) \
    F(char *, PQcmdStatus, (PGresult *result), (result)) \
    F(char *, PQcmdTuples, (PGresult *result), (result)) \
    F(int, PQntuples, (const PGresult *result), (result)) \
    F(int, PQgetisnull, (const PGresult *result, int row, int column), (result, row, column)) \
    F(char *, PQgetvalue, (const PGresult *result, int row, int column), (result, row, column)) \
    F(Oid, PQftype, (const PGresult *result, int column), (result, column))

#define LIBPQ_PROCEDURES(F) \
    F(PQconninfoFree, (PQconninfoOption *options), (options)) \
    F(PQfinish, (PGconn *connection), (connection)) \
    F(PQclear, (PGresult *result), (result)) \
    F(PQfreemem, (void *memory), (memory))

#define FUNCTION(type, name, parameters, arguments) \
    static type(*loaded_##name) parameters; \
    type name parameters { return loaded_##name arguments; }
#define PROCEDURE(name, parameters, arguments) \
    static void(*loaded_##name) parameters; \
    void name parameters { loaded_##name arguments; }
LIBPQ_FUNCTIONS(FUNCTION)
LIBPQ_PROCEDURES(PROCEDURE)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *problem;

static void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (address == NULL && problem == NULL) problem = "it is too old";
    return address;
}

static void load(void) {
#ifdef __APPLE__
    const char *name = "libpq.5.dylib";
#else
    const char *name = "libpq.so.5";
#endif
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        // The next thing that is loaded would take the words away.
        problem = reason != NULL ? strdup(reason) : NULL;
        if (problem == NULL) problem = "it cannot be loaded";
        return;
    }
#define LOAD_FUNCTION(type, name, parameters, arguments) *(void **)&loaded_##name = symbol(library, #name);
#define LOAD_PROCEDURE(name, parameters, arguments) *(void **)&loaded_##name = symbol(library, #name);
    LIBPQ_FUNCTIONS(LOAD_FUNCTION)
    LIBPQ_PROCEDURES(LOAD_PROCEDURE)
}

const char *fortnight_load_libpq(void) {
    pthread_once(&once, load);
    return problem;
}

#endif
