// What is used of libcurl. The numbers and shapes are those of <curl/curl.h>, which libcurl has promised never to
// change under the name libcurl.so.4 (https://curl.se/libcurl/abi.html). They are few, so they are written here: the
// build needs no header of libcurl's, as the program needs no libcurl until it sends mail.
#include <stddef.h>

/// Loads libcurl, once. Returns NULL when it is there, else why it is not.
///
/// Must have returned NULL before any function below is called.
const char *fortnight_load_libcurl(void);

/// Options whose value is a number.
typedef enum {
    FORTNIGHT_CURL_INFILESIZE = 14,
    FORTNIGHT_CURL_VERBOSE = 41,
    FORTNIGHT_CURL_UPLOAD = 46,
    FORTNIGHT_CURL_SSL_VERIFYPEER = 64,
    FORTNIGHT_CURL_SSL_VERIFYHOST = 81,
    FORTNIGHT_CURL_NOSIGNAL = 99,
    /// In seconds.
    FORTNIGHT_CURL_SERVER_RESPONSE_TIMEOUT = 112,
    /// 0 never, 1 when the server offers it, 3 or not at all.
    FORTNIGHT_CURL_USE_SSL = 119,
    FORTNIGHT_CURL_TIMEOUT_MS = 155,
    FORTNIGHT_CURL_CONNECTTIMEOUT_MS = 156,
} fortnight_curl_number;

/// Options whose value is text, copied by libcurl.
typedef enum {
    FORTNIGHT_CURL_URL = 10002,
    FORTNIGHT_CURL_PROXY = 10004,
    FORTNIGHT_CURL_CAINFO = 10065,
    FORTNIGHT_CURL_CAPATH = 10097,
    FORTNIGHT_CURL_USERNAME = 10173,
    FORTNIGHT_CURL_PASSWORD = 10174,
    FORTNIGHT_CURL_MAIL_FROM = 10186,
} fortnight_curl_text;

/// What a transfer ends with, where it matters which.
enum {
    FORTNIGHT_CURL_OK = 0,
    FORTNIGHT_CURL_OPERATION_TIMEDOUT = 28,
    FORTNIGHT_CURL_USE_SSL_FAILED = 64,
    FORTNIGHT_CURL_LOGIN_DENIED = 67,
};

/// What of a conversation is shown to a listener.
enum {
    FORTNIGHT_CURL_REPLY = 1,
    FORTNIGHT_CURL_COMMAND = 2,
};

/// What a reader returns to break the transfer off.
enum { FORTNIGHT_CURL_READ_ABORT = 0x10000000 };

/// The room that libcurl wants for what went wrong.
enum { FORTNIGHT_CURL_ERROR_SIZE = 256 };

/// Fills the buffer with the next bytes of what is sent; returns how many, 0 at the end.
typedef size_t (*fortnight_curl_reader)(char *buffer, size_t size, size_t count, void *context);

/// Is told of what the two sides say. Returns 0.
typedef int (*fortnight_curl_listener)(void *curl, int kind, char *text, size_t size, void *context);

/// A handle for one transfer at a time, used by one thread at a time; NULL when there is no memory.
void *fortnight_curl_open(void);

void fortnight_curl_set_number(void *curl, fortnight_curl_number option, long value);

/// Returns 0, or libcurl's code: there may be no memory for a copy.
int fortnight_curl_set_text(void *curl, fortnight_curl_text option, const char *value);

void fortnight_curl_set_reader(void *curl, fortnight_curl_reader reader, void *context);

void fortnight_curl_set_listener(void *curl, fortnight_curl_listener listener, void *context);

/// The buffer has FORTNIGHT_CURL_ERROR_SIZE bytes and lives as long as the handle.
void fortnight_curl_set_error_buffer(void *curl, char *buffer);

/// Sends to this one recipient, and waits until that is done. Returns libcurl's code.
int fortnight_curl_send(void *curl, const char *recipient);

/// What a code of libcurl's means, in English.
const char *fortnight_curl_meaning(int code);

/// Says goodbye to the server, if there is still one, without waiting for its answer, and frees the handle.
void fortnight_curl_close(void *curl);
