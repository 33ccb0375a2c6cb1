// Declarations alone: the library itself is loaded when it is first needed, by LibpqLoader.
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
