/// Loads libxml2, unless it is there already. Returns NULL when it is, else why it is not, in words that last until
/// this thread asks again: then each of its functions returns nothing. Files may only have been too many for a moment,
/// so that it is tried again each time.
const char *fortnight_load_libxml2(void);

/// Frees what libxml2 has allocated and left to its caller.
void fortnight_xml_free(void *memory);
