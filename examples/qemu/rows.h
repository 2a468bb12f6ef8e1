/* What the file of the store has, read as an operator would: with SQLite alone. */
#ifndef EXAMPLE_ROWS_H
#define EXAMPLE_ROWS_H

/* Prints the rows in words. 0, or -1: the file cannot be read. */
int rows_print(const char *file);

/* Calls `hook` with the name of each hook that was called when the process died. */
int rows_intents(const char *file, void (*hook)(void *ctx, const char *name), void *ctx);

#endif
