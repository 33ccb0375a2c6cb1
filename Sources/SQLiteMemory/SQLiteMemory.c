#include "SQLiteMemory.h"

#include <sqlite3.h>
#include <stddef.h>

// Swift cannot call what takes any number of arguments.
void fortnight_set_sqlite_memory(void) {
  sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
