/// Loads libxml2, once. Returns NULL when it is there, else why it is not: then each of its functions returns nothing.
const char *fortnight_load_libxml2(void);

/// Frees what libxml2 has allocated and left to its caller.
void fortnight_xml_free(void *memory);
