#include "rows.h"

#include <sqlite3.h>
#include <stdio.h>

/* A path is shown without its folder. */
#define IMAGE "replace(host_path, rtrim(host_path, replace(host_path, '/', '')), '')"

static const char rows[] =
    "SELECT 'disk ' || controller || ' ' || lun || ', ' || " IMAGE " || ': ' || _state FROM disk;"
    "SELECT 'mount ' || guest_path || ': ' || _state FROM mount;"
    "SELECT 'reservation of ' || _owner || ' for ' || guest_path ||"
    " CASE WHEN _releasing THEN ', its release has begun' ELSE '' END"
    " FROM _reservations JOIN mount ON mount._id = _instance ORDER BY _number;"
    "SELECT 'open intent: ' || _operation || ' calls ' || _hook || ' at ' ||"
    " coalesce(guest_path, " IMAGE ") FROM _intents"
    " LEFT JOIN disk ON disk._id = _instance LEFT JOIN mount ON mount._id = _instance;";

struct output {
    void (*row)(void *ctx, const char *text);
    void *ctx;
    int any;
};

static int give_row(void *arg, int n, char **cells, char **names)
{
    struct output *output = arg;

    (void)n;
    (void)names;
    output->any = 1;
    output->row(output->ctx, cells[0] ? cells[0] : "");
    return 0;
}

static int select_rows(const char *path, const char *sql, struct output *output)
{
    sqlite3 *file = NULL;
    int rc = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(file, sql, give_row, output, NULL);
    (void)sqlite3_close(file);
    return rc == SQLITE_OK ? 0 : -1;
}

static void print_row(void *ctx, const char *text)
{
    (void)ctx;
    (void)printf("    %s\n", text);
}

int rows_print(const char *file)
{
    struct output output = {.row = print_row};
    int rc = select_rows(file, rows, &output);

    if (rc == 0 && !output.any)
        (void)printf("    no rows\n");
    return rc;
}

int rows_intents(const char *file, void (*hook)(void *ctx, const char *name), void *ctx)
{
    struct output output = {.row = hook, .ctx = ctx};

    return select_rows(file, "SELECT _hook FROM _intents", &output);
}
