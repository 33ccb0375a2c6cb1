// Files that fail on purpose, beneath SQLite.
#ifndef FAULTY_FILES_H
#define FAULTY_FILES_H

#endif
