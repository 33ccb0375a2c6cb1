/// A library that is loaded before the system's (LD_PRELOAD) and makes one call of a program to it fail. It exports no
/// functions of its own; what is to fail is said in the environment:
///
///     FAULTY_CALLS_UNDER    the directory whose files are meant, as the program names it; required
///     FAULTY_CALLS_COUNTS   a file to write to, when the program ends, how often each kind of call was made, a line each
///     FAULTY_CALLS_KIND     which kind fails: open, read, write, sync, truncate, list, link, mkdir,
///                           unlink or stat
///     FAULTY_CALLS_NTH      the first of that kind that fails, counted from 1
///     FAULTY_CALLS_ERRNO    what with; 0 for a write of only half of the bytes
///     FAULTY_CALLS_LASTS    1 when every later one fails too
