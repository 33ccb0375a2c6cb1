/// Has SQLite take pages of memory one by one instead of twenty at once for every B-tree that it opens. Each long list of
/// names in a CHECK or in the condition of an index is such a tree, made anew for every row that is written.
///
/// It holds for the whole process, and does nothing once SQLite is in use. Safe to call more than once.
void fortnight_take_pages_singly(void);
