// libcurl brings two dozen libraries along, which would double the time in which any command starts. So it is not
// linked, but loaded when mail is first sent through a server. What sets its options takes any type of argument, which
// Swift cannot call; each function below takes one.
#include "libcurl_loader.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

typedef void *list;

static int (*loaded_global_init)(long flags);
static void *(*loaded_easy_init)(void);
static int (*loaded_easy_setopt)(void *curl, int option, ...);
static int (*loaded_easy_perform)(void *curl);
static int (*loaded_easy_getinfo)(void *curl, int what, ...);
static void (*loaded_easy_cleanup)(void *curl);
static const char *(*loaded_easy_strerror)(int code);
static list (*loaded_slist_append)(list rest, const char *text);
static void (*loaded_slist_free_all)(list all);

enum {
    GLOBAL_ALL = 3,
    READDATA = 10009,
    ERRORBUFFER = 10010,
    DEBUGDATA = 10095,
    MAIL_RCPT = 10187,
    READFUNCTION = 20012,
    DEBUGFUNCTION = 20094,
    OUT_OF_MEMORY = 27,
    ACTIVESOCKET = 0x500000 + 44,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *problem;

static void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (address == NULL && problem == NULL) problem = "it is not one that this program knows";
    return address;
}

static void load(void) {
#ifdef __APPLE__
    const char *names[] = {"libcurl.4.dylib"};
#else
    // The same library built with OpenSSL, which Debian installs as libcurl4, or with GnuTLS.
    const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif
    void *library = NULL;
    for (size_t index = 0; library == NULL && index < sizeof names / sizeof *names; index++) {
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        if (library != NULL || problem != NULL) continue;
        // The next try would take the words away.
        const char *reason = dlerror();
        problem = reason != NULL ? strdup(reason) : NULL;
    }
    if (library == NULL) {
        if (problem == NULL) problem = "it cannot be loaded";
        return;
    }
    problem = NULL;
    *(void **)&loaded_global_init = symbol(library, "curl_global_init");
    *(void **)&loaded_easy_init = symbol(library, "curl_easy_init");
    *(void **)&loaded_easy_setopt = symbol(library, "curl_easy_setopt");
    *(void **)&loaded_easy_perform = symbol(library, "curl_easy_perform");
    *(void **)&loaded_easy_getinfo = symbol(library, "curl_easy_getinfo");
    *(void **)&loaded_easy_cleanup = symbol(library, "curl_easy_cleanup");
    *(void **)&loaded_easy_strerror = symbol(library, "curl_easy_strerror");
    *(void **)&loaded_slist_append = symbol(library, "curl_slist_append");
    *(void **)&loaded_slist_free_all = symbol(library, "curl_slist_free_all");
    if (problem == NULL && loaded_global_init(GLOBAL_ALL) != 0) problem = "it cannot be set up";
}

const char *fortnight_load_libcurl(void) {
    pthread_once(&once, load);
    return problem;
}

void *fortnight_curl_open(void) {
    return loaded_easy_init();
}

void fortnight_curl_set_number(void *curl, fortnight_curl_number option, long value) {
    loaded_easy_setopt(curl, (int)option, value);
}

int fortnight_curl_set_text(void *curl, fortnight_curl_text option, const char *value) {
    return loaded_easy_setopt(curl, (int)option, value);
}

void fortnight_curl_set_reader(void *curl, fortnight_curl_reader reader, void *context) {
    loaded_easy_setopt(curl, READFUNCTION, reader);
    loaded_easy_setopt(curl, READDATA, context);
}

void fortnight_curl_set_listener(void *curl, fortnight_curl_listener listener, void *context) {
    loaded_easy_setopt(curl, DEBUGFUNCTION, listener);
    loaded_easy_setopt(curl, DEBUGDATA, context);
}

void fortnight_curl_set_error_buffer(void *curl, char *buffer) {
    loaded_easy_setopt(curl, ERRORBUFFER, buffer);
}

// A server that hangs up while something is written to it raises SIGPIPE, which would end the program. It is held back
// for this thread alone, and what has come of it meanwhile is thrown away.
typedef struct {
    sigset_t pipe, before;
    int was_pending;
} held;

static held hold_pipe_signal(void) {
    held held;
    sigset_t pending;
    sigemptyset(&held.pipe);
    sigaddset(&held.pipe, SIGPIPE);
    sigpending(&pending);
    held.was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &held.pipe, &held.before);
    return held;
}

static void release_pipe_signal(held held) {
    sigset_t pending;
    sigpending(&pending);
    if (!held.was_pending && sigismember(&pending, SIGPIPE)) {
        int signal;
        sigwait(&held.pipe, &signal);
    }
    pthread_sigmask(SIG_SETMASK, &held.before, NULL);
}

int fortnight_curl_send(void *curl, const char *recipient) {
    list recipients = loaded_slist_append(NULL, recipient);
    if (recipients == NULL) return OUT_OF_MEMORY;
    loaded_easy_setopt(curl, MAIL_RCPT, recipients);
    held held = hold_pipe_signal();
    int code = loaded_easy_perform(curl);
    release_pipe_signal(held);
    loaded_easy_setopt(curl, MAIL_RCPT, (list)NULL);
    loaded_slist_free_all(recipients);
    return code;
}

const char *fortnight_curl_meaning(int code) {
    return loaded_easy_strerror(code);
}

void fortnight_curl_close(void *curl) {
    // What became of the mail is known, and should be recorded: nobody waits for what the server says to our goodbye,
    // which libcurl would do for as long as for any answer.
    int open_socket = -1;
    if (loaded_easy_getinfo(curl, ACTIVESOCKET, &open_socket) == 0 && open_socket >= 0) shutdown(open_socket, SHUT_RD);
    held held = hold_pipe_signal();
    loaded_easy_cleanup(curl);
    release_pipe_signal(held);
}
