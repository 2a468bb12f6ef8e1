#include "rows.h"

#include <sqlite3.h>
#include <stdio.h>

static const char rows[] =
    "SELECT 'tap ' || name || ': ' || _state FROM tap;"
    "SELECT 'reservation of ' || _owner || ' for ' || name ||"
    " CASE WHEN _releasing THEN ', release has begun' ELSE '' END"
    " FROM _reservations JOIN tap ON tap._id = _instance ORDER BY _number;"
    "SELECT 'open intent: ' || _operation || ' calls ' || _hook || ' at ' || name"
    " FROM _intents JOIN tap ON tap._id = _instance;";

static int print_row(void *any, int n, char **cells, char **names)
{
    (void)n;
    (void)names;
    *(int *)any = 1;
    printf("    %s\n", cells[0]);
    return 0;
}

int rows_print(const char *path)
{
    sqlite3 *file = NULL;
    int any = 0;
    int rc = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL);

    printf("  the file has:\n");
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(file, rows, print_row, &any, NULL);
    if (rc == SQLITE_OK && !any)
        printf("    no rows\n");
    (void)sqlite3_close(file);
    return rc == SQLITE_OK ? 0 : -1;
}
