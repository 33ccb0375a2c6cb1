#include <sqlite3.h>

/// Sets how SQLite takes memory, for the whole process. It does nothing once SQLite is in use, and is safe to call more
/// than once.
///
/// - Pages are taken one by one instead of twenty at once for every B-tree that is opened. Each long list of names in a
///   CHECK or in the condition of an index is such a tree, made anew for every row that is written.
/// - What is taken is not counted: the count is under one lock, for which threads that read at the same time would wait
///   at every piece of memory.
void fortnight_set_sqlite_memory(void);

/// Makes a name in double quotes that no column has an error, where SQLite would take it for text.
void fortnight_refuse_quoted_text(sqlite3 *connection);
