#include "SQLitePages.h"

#include <sqlite3.h>
#include <stddef.h>

// Swift cannot call what takes any number of arguments.
void fortnight_take_pages_singly(void) { sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0); }
