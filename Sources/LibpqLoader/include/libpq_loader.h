/// Loads libpq, once. Returns NULL when it is there, else why it is not.
///
/// Must have returned NULL before any function of libpq is called.
const char *fortnight_load_libpq(void);
