/* The rows of a store, as the sqlite3 shell would show them. */
#ifndef ROWS_H
#define ROWS_H

/* Prints them. 0, or -1: the file cannot be read. */
int rows_print(const char *path);

#endif
