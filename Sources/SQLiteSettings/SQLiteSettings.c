#include "SQLiteSettings.h"

#include <sqlite3.h>
#include <stddef.h>

// Swift cannot call what takes any number of arguments.
void fortnight_set_sqlite_memory(void) {
  sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void fortnight_refuse_quoted_text(sqlite3 *connection) {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
}
