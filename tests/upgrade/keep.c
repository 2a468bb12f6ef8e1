/*
 * A simulator that keeps its manager in a file, for tests of stores of another version of a spec.
 * Linked with wrapped functions of the simulator. Environment: BERTH_FILE is the store. An opening
 * that fails is told as a line of JSON.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/stored.h>
#include <berth/stores.h>
#include <berth_sqlite.h>

#include "sim/sim_internal.h"

static berth_sim_manager glue;
static const berth_sim_manager *generated;
static FILE *input;
static berth_sqlite *file;

berth_memory_store *__wrap_berth_memory_store_make(const char *backend);
void __wrap_berth_memory_store_free(berth_memory_store *store);
const berth_store *__wrap_berth_memory_store_functions(berth_memory_store *store);
int __wrap_berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out);
int __real_berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out);
int __wrap_berth_stored_open(const berth_stored_type *type, const void *options,
                             const void *backend, const berth_config *config,
                             const berth_store *store, berth_manager **out, berth_error *error);
int __real_berth_stored_open(const berth_stored_type *type, const void *options,
                             const void *backend, const berth_config *config,
                             const berth_store *store, berth_manager **out, berth_error *error);

/* The simulator's store, which is a file here. Everybody gets the same one. */

berth_memory_store *__wrap_berth_memory_store_make(const char *backend)
{
    (void)backend;
    if (!file)
        file = berth_sqlite_create(getenv("BERTH_FILE"), NULL);
    if (!file)
        abort();
    return (berth_memory_store *)file;
}

void __wrap_berth_memory_store_free(berth_memory_store *store)
{
    (void)store;
}

const berth_store *__wrap_berth_memory_store_functions(berth_memory_store *store)
{
    return berth_sqlite_store((berth_sqlite *)store);
}

static void add_text(json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

int __wrap_berth_stored_open(const berth_stored_type *type, const void *options,
                             const void *backend, const berth_config *config,
                             const berth_store *store, berth_manager **out, berth_error *error)
{
    berth_error found;
    char line[512];
    int rc = __real_berth_stored_open(type, options, backend, config, store, out, &found);
    json_object *told;

    (void)error;
    if (rc == 0)
        return 0;
    told = json_object_new_object();
    json_object_object_add(told, "code", json_object_new_int(-rc));
    add_text(told, "reason", found.reason);
    add_text(told, "resource", found.resource);
    add_text(told, "field", found.field);
    add_text(told, "key", found.key);
    add_text(told, "text", berth_error_text(&found, line, sizeof line));
    (void)puts(json_object_to_json_string_ext(told, JSON_C_TO_STRING_PLAIN));
    json_object_put(told);
    return rc;
}

/* The end of the program is no discard. */
static int discard_unless_at_end(void *manager)
{
    return feof(input) ? 0 : generated->discard(manager);
}

int __wrap_berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out)
{
    glue = *manager;
    generated = manager;
    input = in;
    glue.discard = discard_unless_at_end;
    return __real_berth_sim_run(&glue, in, out);
}
