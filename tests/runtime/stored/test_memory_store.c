/* The store in memory: bytes that come from elsewhere, and managers that have it open meanwhile. */
#include "hall.h"

enum { MAGIC_SIZE = 21, TRIALS = 20000 };

/* The last eight bytes are a sum over all others: FNV-1a. So all else can be changed. */
static void fix_sum(unsigned char *bytes, size_t size)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size - 8; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    for (unsigned i = 0; i < 8; i++)
        bytes[size - 8 + i] = (unsigned char)(sum >> (8 * i));
}

static void *exported(size_t *size)
{
    struct depot_of_halls halls;
    uuid_t a = {0}, b = {0};
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    void *bytes;

    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(rent(&halls, "b", 2, b, "bob"), 0);
    assert_int_equal(add(&halls, "c", "cyd", number), 0);
    bytes = berth_memory_store_export(halls.memory, size);
    halls_stop(&halls);
    return bytes;
}

/* What is read of a row, so that tools for memory see it. */
static int read_row(void *arg, uint16_t table, const berth_store_value *values)
{
    (void)table;
    return *(unsigned *)arg += values != NULL, 0;
}

static int refuse(void *arg, const berth_store_manager *stored)
{
    unsigned *n = arg;

    *n += (unsigned)(strlen(stored->manager) + strlen(stored->options) + strlen(stored->absent) +
                     strlen(stored->backend));
    for (unsigned i = 0; i < stored->n_tables; i++) {
        const berth_store_table *table = &stored->tables[i];

        assert_in_range(table->n_key, 1, table->n_columns);
        for (unsigned j = 0; j < table->n_columns; j++) {
            *n += (unsigned)strlen(table->columns[j].name);
            assert_in_range(table->columns[j].type, BERTH_STORE_BOOL, BERTH_STORE_TEXTS);
        }
    }
    return -EXDEV;
}

/* A store that was taken can be read, and can be exported again: the same bytes. */
static void use_store(berth_memory_store *store, const void *bytes, size_t size)
{
    const berth_store *functions = berth_memory_store_functions(store);
    const berth_store_manager manager = {
        .manager = "x", .options = "", .absent = "", .hooks = "", .backend = ""};
    berth_store_opened opened;
    unsigned n = 0;
    size_t again;
    void *copy;

    assert_int_equal(functions->load(functions->ctx, read_row, &n, BERTH_NO_DEADLINE), 0);
    (void)functions->open(functions->ctx, &manager, refuse, &n, (berth_store_link){NULL},
                          BERTH_NO_DEADLINE, &opened);
    copy = berth_memory_store_export(store, &again);
    if (n > 0) {
        assert_int_equal(size, again);
        assert_memory_equal(copy, bytes, size);
    }
    free(copy);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t spoil(unsigned char *bytes, size_t size, unsigned *random)
{
    static const unsigned char odd[] = {0, 1, 2, 6, 7, 0x7f, 0x80, 0xff};
    const unsigned how = next_random(random) % 4;
    size_t at = MAGIC_SIZE + next_random(random) % (size - MAGIC_SIZE - 8);

    if (how == 0)
        return MAGIC_SIZE + 8 + next_random(random) % (size - MAGIC_SIZE - 8);
    for (unsigned n = 1 + next_random(random) % 3; n > 0; n--) {
        bytes[at] = (unsigned char)(how == 1 ? odd[next_random(random) % sizeof odd]
                                             : bytes[at] ^ (1u << next_random(random) % 8));
        at = MAGIC_SIZE + next_random(random) % (size - MAGIC_SIZE - 8);
    }
    return size;
}

/* Bytes with a good sum that no store has written. */
static void spoilt_bytes(void **unused)
{
    size_t size;
    unsigned char *bytes = exported(&size), *spoilt = malloc(size);
    unsigned random = 1, taken = 0;

    (void)unused;
    assert_non_null(spoilt);
    for (unsigned i = 0; i < TRIALS; i++) {
        berth_memory_store *store = berth_memory_store_make("hall 1");
        size_t n;
        int rc;

        memcpy(spoilt, bytes, size);
        n = spoil(spoilt, size, &random);
        fix_sum(spoilt, n);
        rc = berth_memory_store_import(store, spoilt, n);
        assert_true(rc == 0 || rc == -EBADMSG);
        taken += rc == 0;
        use_store(store, spoilt, n);
        berth_memory_store_free(store);
    }
    print_message("%u of %u taken\n", taken, TRIALS);
    assert_true(taken > 0 && taken < TRIALS);
    free(bytes);
    free(spoilt);
}

/* Finds a text with its length before it, and returns where what follows is. */
static unsigned char *after(unsigned char *bytes, size_t size, const char *text)
{
    const size_t length = strlen(text);

    for (size_t at = 8; at + length < size; at++)
        if (bytes[at - 8] == length && memcmp(&bytes[at], text, length) == 0)
            return &bytes[at + length];
    fail_msg("%s is not there", text);
    return NULL;
}

static void refused_with(unsigned char *bytes, size_t size, unsigned char *at, unsigned char value)
{
    berth_memory_store *store = berth_memory_store_make("hall 1");
    const unsigned char was = *at;

    *at = value;
    fix_sum(bytes, size);
    assert_int_equal(berth_memory_store_import(store, bytes, size), -EBADMSG);
    *at = was;
    fix_sum(bytes, size);
    assert_int_equal(berth_memory_store_import(store, bytes, size), 0);
    berth_memory_store_free(store);
}

static void each_kind_of_fault(void **unused)
{
    size_t size;
    unsigned char *bytes = exported(&size), *table = after(bytes, size, "drawer"), *more;
    berth_memory_store *store = berth_memory_store_make("hall 1");

    (void)unused;
    refused_with(bytes, size, table + 8, 0);            /* no key */
    refused_with(bytes, size, table + 8, table[0] + 1); /* more keys than columns */
    refused_with(bytes, size, after(bytes, size, "_ended"), 7);
    refused_with(bytes, size, after(bytes, size, "_ended"), 0);
    refused_with(bytes, size, after(bytes, size, "box.number") - 10, 'z'); /* not ascending */
    refused_with(bytes, size, after(bytes, size, "ann") - 1, '\0');
    more = malloc(size + 4);
    assert_non_null(more);
    memcpy(more, bytes, size);
    fix_sum(more, size + 4);
    assert_int_equal(berth_memory_store_import(store, more, size + 4), -EBADMSG);
    free(more);
    berth_memory_store_free(store);
    free(bytes);
}

/* The rows are others: whoever had the store open has lost it, also with the same numbers. */
static void import_fences(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};
    size_t size;
    void *bytes;

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    bytes = berth_memory_store_export(halls.memory, &size);
    assert_int_equal(berth_memory_store_import(halls.memory, bytes, size), 0);
    assert_int_equal(use(&halls, a), -ESTALE);
    halls_reopen(&halls);
    assert_int_equal(use(&halls, a), 0);
    free(bytes);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoilt_bytes),
        cmocka_unit_test(each_kind_of_fault),
        cmocka_unit_test(import_fences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
