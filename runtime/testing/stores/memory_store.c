/* A store in memory: tables of rows, sorted by their keys. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/stores.h>

struct cell {
    uint64_t number;
    uuid_t uuid;
    char *text;
    char **items;
    uint32_t count;
};

struct row {
    struct cell *cells;
};

struct column {
    char *name;
    berth_store_type type;
};

struct table {
    char *name;
    struct column *columns;
    uint16_t n_columns, n_key;
    struct row *rows;
    size_t n, capacity;
};

/* Whose rows they are. */
struct header {
    char *manager, *options, *absent, *hooks, *backend;
    uint64_t spec_hash;
    uint32_t format;
};

struct content {
    struct header header;
    struct table *tables;
    uint16_t n_tables;
    uint64_t epoch, sequence;
    berth_store_place place;
};

struct berth_memory_store {
    berth_store functions;
    pthread_mutex_t lock;
    struct content content;
    char *backend;
};

/* Memory. A program that runs out of it ends. */

static void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void *zeroed(size_t n, size_t size)
{
    return checked(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(zeroed(size, 1), text, size);
}

/* Cells and rows */

static void free_cell(struct cell *cell)
{
    free(cell->text);
    for (uint32_t i = 0; i < cell->count; i++)
        free(cell->items[i]);
    free(cell->items);
}

static void free_row(const struct table *table, struct row *row)
{
    for (unsigned i = 0; i < table->n_columns; i++)
        free_cell(&row->cells[i]);
    free(row->cells);
}

static struct cell copy_cell(berth_store_type type, const berth_store_value *value)
{
    struct cell cell = {0};

    switch (type) {
    case BERTH_STORE_TEXT:
        cell.text = copy_text(value->text);
        break;
    case BERTH_STORE_UUID:
        memcpy(cell.uuid, value->uuid, sizeof cell.uuid);
        break;
    case BERTH_STORE_TEXTS:
        cell.count = value->texts.count;
        cell.items = zeroed(cell.count, sizeof *cell.items);
        for (uint32_t i = 0; i < cell.count; i++)
            cell.items[i] = copy_text(value->texts.items[i] ? value->texts.items[i] : "");
        break;
    default:
        cell.number = value->number;
        break;
    }
    return cell;
}

static berth_store_value show_cell(berth_store_type type, const struct cell *cell)
{
    berth_store_value value = {0};

    switch (type) {
    case BERTH_STORE_TEXT:
        value.text = cell->text;
        break;
    case BERTH_STORE_UUID:
        value.uuid = cell->uuid;
        break;
    case BERTH_STORE_TEXTS:
        value.texts = (berth_strings){(const char *const *)cell->items, cell->count};
        break;
    default:
        value.number = cell->number;
        break;
    }
    return value;
}

static int compare_numbers(berth_store_type type, uint64_t a, uint64_t b)
{
    if (type == BERTH_STORE_SIGNED)
        return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
    return (a > b) - (a < b);
}

static int compare_cells(berth_store_type type, const berth_store_value *a,
                         const berth_store_value *b)
{
    switch (type) {
    case BERTH_STORE_TEXT:
        return strcmp(a->text, b->text);
    case BERTH_STORE_UUID:
        return memcmp(a->uuid, b->uuid, sizeof(uuid_t));
    default:
        return compare_numbers(type, a->number, b->number);
    }
}

/* Compares the key of a row with given cells. */
static int compare(const struct table *table, const struct row *row,
                   const berth_store_value *values)
{
    int found = 0;

    for (unsigned i = 0; i < table->n_key && found == 0; i++) {
        berth_store_value value = show_cell(table->columns[i].type, &row->cells[i]);

        found = compare_cells(table->columns[i].type, &value, &values[i]);
    }
    return found;
}

/* Where the row with this key is, or belongs. */
static size_t find(const struct table *table, const berth_store_value *values, bool *found)
{
    size_t low = 0, high = table->n;

    *found = false;
    if (high > 0 && compare(table, &table->rows[high - 1], values) < 0)
        return high; /* where most rows of instances belong */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(table, &table->rows[middle], values);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void delete_row(struct table *table, const berth_store_value *values)
{
    bool found;
    size_t at = find(table, values, &found);

    if (!found)
        return;
    free_row(table, &table->rows[at]);
    table->n--;
    memmove(&table->rows[at], &table->rows[at + 1], (table->n - at) * sizeof *table->rows);
}

static struct row *place_for(struct table *table, const berth_store_value *values)
{
    bool found;
    size_t at = find(table, values, &found);

    if (found) {
        free_row(table, &table->rows[at]);
        return &table->rows[at];
    }
    if (table->n == table->capacity) {
        table->capacity = table->capacity > 0 ? 2 * table->capacity : 16;
        table->rows = checked(realloc(table->rows, table->capacity * sizeof *table->rows));
    }
    memmove(&table->rows[at + 1], &table->rows[at], (table->n - at) * sizeof *table->rows);
    table->n++;
    return &table->rows[at];
}

static void write_row(struct table *table, const berth_store_value *values)
{
    struct cell *cells = zeroed(table->n_columns, sizeof *cells);

    for (unsigned i = 0; i < table->n_columns; i++)
        cells[i] = copy_cell(table->columns[i].type, &values[i]);
    place_for(table, values)->cells = cells;
}

static void change_row(struct content *content, const berth_store_change *change)
{
    struct table *table = &content->tables[change->table];

    if (change->deleted)
        delete_row(table, change->values);
    else
        write_row(table, change->values);
}

static void clear_rows(struct content *content)
{
    for (unsigned i = 0; i < content->n_tables; i++) {
        struct table *table = &content->tables[i];

        for (size_t j = 0; j < table->n; j++)
            free_row(table, &table->rows[j]);
        table->n = 0;
    }
}

/* Contents */

static void free_header(struct header *header)
{
    free(header->manager);
    free(header->options);
    free(header->absent);
    free(header->hooks);
    free(header->backend);
    *header = (struct header){0};
}

static void free_content(struct content *content)
{
    clear_rows(content);
    for (unsigned i = 0; i < content->n_tables; i++) {
        struct table *table = &content->tables[i];

        for (unsigned j = 0; j < table->n_columns; j++)
            free(table->columns[j].name);
        free(table->columns);
        free(table->rows);
        free(table->name);
    }
    free(content->tables);
    free_header(&content->header);
    *content = (struct content){0};
}

static struct table *find_table(const struct content *content, const char *name)
{
    for (unsigned i = 0; i < content->n_tables; i++)
        if (strcmp(content->tables[i].name, name) == 0)
            return &content->tables[i];
    return NULL;
}

static struct table make_table(const berth_store_table *from)
{
    struct table table = {
        .name = copy_text(from->name),
        .columns = zeroed(from->n_columns, sizeof *table.columns),
        .n_columns = from->n_columns,
        .n_key = from->n_key,
    };

    for (unsigned i = 0; i < from->n_columns; i++)
        table.columns[i] = (struct column){copy_text(from->columns[i].name), from->columns[i].type};
    return table;
}

/* The cells of a row in the columns of another table; zero where it has none. */
static void move_row(const struct table *from, const struct row *row, struct table *to)
{
    static const uuid_t nil;
    berth_store_value *values = zeroed(to->n_columns, sizeof *values);

    for (unsigned i = 0; i < to->n_columns; i++) {
        values[i] = (berth_store_value){0};
        if (to->columns[i].type == BERTH_STORE_TEXT)
            values[i].text = "";
        else if (to->columns[i].type == BERTH_STORE_UUID)
            values[i].uuid = nil;
        for (unsigned j = 0; j < from->n_columns; j++)
            if (from->columns[j].type == to->columns[i].type &&
                strcmp(from->columns[j].name, to->columns[i].name) == 0)
                values[i] = show_cell(from->columns[j].type, &row->cells[j]);
    }
    write_row(to, values);
    free(values);
}

static bool same_columns(const struct table *a, const struct table *b)
{
    if (a->n_columns != b->n_columns || a->n_key != b->n_key)
        return false;
    for (unsigned i = 0; i < a->n_columns; i++)
        if (a->columns[i].type != b->columns[i].type ||
            strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

static void move_rows(struct table *from, struct table *to)
{
    if (same_columns(from, to)) {
        to->rows = from->rows;
        to->n = from->n;
        to->capacity = from->capacity;
        from->rows = NULL;
        from->n = from->capacity = 0;
    }
    for (size_t i = 0; i < from->n; i++)
        move_row(from, &from->rows[i], to);
}

static int read_table(void *from, uint16_t table,
                      int (*put)(void *arg, const berth_store_value *values), void *arg)
{
    const struct table *read = &((const struct content *)from)->tables[table];
    berth_store_value *values = zeroed(read->n_columns, sizeof *values);
    int rc = 0;

    for (size_t i = 0; i < read->n && rc == 0; i++) {
        for (unsigned j = 0; j < read->n_columns; j++)
            values[j] = show_cell(read->columns[j].type, &read->rows[i].cells[j]);
        rc = put(arg, values);
    }
    free(values);
    return rc;
}

/* Rows of another version of the spec, as its change function makes them. */
struct changing {
    const berth_store_manager *manager;
    void *arg;
    uint16_t table;
    struct content *to;
};

static int change_one(void *arg, const berth_store_value *values)
{
    const struct changing *changing = arg;
    berth_store_change row;
    int rc = changing->manager->change(changing->arg, changing->table, values, &row);

    if (rc == 1)
        change_row(changing->to, &row);
    return rc < 0 ? rc : 0;
}

static struct content make_content(const struct content *content,
                                   const berth_store_manager *manager)
{
    struct content made = {
        .header = {copy_text(manager->manager), copy_text(manager->options),
                   copy_text(manager->absent), copy_text(manager->hooks),
                   copy_text(manager->backend), manager->spec_hash, manager->format},
        .tables = zeroed(manager->n_tables, sizeof *made.tables),
        .n_tables = manager->n_tables,
        .epoch = content->epoch > manager->epoch ? content->epoch : manager->epoch,
        .sequence = content->sequence,
        .place = manager->place,
    };

    for (unsigned i = 0; i < manager->n_tables; i++)
        made.tables[i] = make_table(&manager->tables[i]);
    return made;
}

static int change_rows(struct content *content, const berth_store_manager *manager, void *arg)
{
    struct content changed = make_content(content, manager);
    struct changing changing = {.manager = manager, .arg = arg, .to = &changed};
    int rc = 0;

    for (; changing.table < content->n_tables && rc == 0; changing.table++)
        rc = read_table(content, changing.table, change_one, &changing);
    free_content(rc == 0 ? content : &changed);
    if (rc == 0)
        *content = changed;
    return rc;
}

/* The same content with the tables of `manager`. */
static void change_tables(struct content *content, const berth_store_manager *manager)
{
    struct content changed = make_content(content, manager);

    for (unsigned i = 0; i < manager->n_tables; i++) {
        struct table *old = find_table(content, manager->tables[i].name);

        if (old)
            move_rows(old, &changed.tables[i]);
    }
    free_content(content);
    *content = changed;
}

/* Shows what is stored, with its tables. */
static int show_stored(const struct content *content,
                       int (*accept)(void *arg, const berth_store_manager *stored), void *arg)
{
    berth_store_table *tables = zeroed(content->n_tables, sizeof *tables);
    berth_store_manager stored = {
        .manager = content->header.manager,
        .format = content->header.format,
        .spec_hash = content->header.spec_hash,
        .options = content->header.options,
        .absent = content->header.absent,
        .hooks = content->header.hooks,
        .backend = content->header.backend,
        .tables = tables,
        .n_tables = content->n_tables,
        .place = content->place,
        .epoch = content->epoch,
        .read = read_table,
        .from = (void *)(uintptr_t)content,
    };
    int rc;

    for (unsigned i = 0; i < content->n_tables; i++) {
        const struct table *table = &content->tables[i];
        berth_store_column *columns = zeroed(table->n_columns, sizeof *columns);

        for (unsigned j = 0; j < table->n_columns; j++)
            columns[j] = (berth_store_column){table->columns[j].name, table->columns[j].type};
        tables[i] = (berth_store_table){table->name, columns, table->n_columns, table->n_key};
    }
    rc = accept(arg, &stored);
    for (unsigned i = 0; i < content->n_tables; i++)
        free((void *)(uintptr_t)tables[i].columns);
    free(tables);
    return rc;
}

/* The functions of the store */

static int memory_open(void *ctx, const berth_store_manager *manager,
                       int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                       berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct berth_memory_store *store = ctx;
    int rc = 0;

    (void)link;
    (void)deadline;
    pthread_mutex_lock(&store->lock);
    if (store->content.header.manager)
        rc = show_stored(&store->content, accept, arg);
    if (rc == 0)
        change_tables(&store->content, manager);
    else if (rc == 1)
        rc = change_rows(&store->content, manager, arg);
    if (rc == 0) {
        store->content.epoch++;
        *opened = (berth_store_opened){.epoch = store->content.epoch,
                                       .sequence = store->content.sequence};
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static int memory_load(void *ctx,
                       int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                       void *arg, int64_t deadline)
{
    struct berth_memory_store *store = ctx;
    const struct content *content = &store->content;
    int rc = 0;

    (void)deadline;
    pthread_mutex_lock(&store->lock);
    for (unsigned i = 0; i < content->n_tables && rc == 0; i++) {
        const struct table *table = &content->tables[i];
        berth_store_value *values = zeroed(table->n_columns, sizeof *values);

        for (size_t j = 0; j < table->n && rc == 0; j++) {
            for (unsigned k = 0; k < table->n_columns; k++)
                values[k] = show_cell(table->columns[k].type, &table->rows[j].cells[k]);
            rc = put(arg, (uint16_t)i, values);
        }
        free(values);
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}

/* A row that a commit changes. */
struct changed {
    const struct table *table;
    const berth_store_value *values;
};

static int compare_changed(const void *a, const void *b)
{
    const struct changed *one = a, *other = b;
    int found = (one->table > other->table) - (one->table < other->table);

    for (unsigned i = 0; i < one->table->n_key && found == 0; i++)
        found = compare_cells(one->table->columns[i].type, &one->values[i], &other->values[i]);
    return found;
}

/* Other stores refuse a commit that changes a row twice. Here it ends the program. */
static void check_rows(const struct content *content, const berth_store_commit *commit)
{
    struct changed *changed = zeroed(commit->n_changes, sizeof *changed);

    for (uint32_t i = 0; i < commit->n_changes; i++)
        changed[i] =
            (struct changed){&content->tables[commit->changes[i].table], commit->changes[i].values};
    qsort(changed, commit->n_changes, sizeof *changed, compare_changed);
    for (uint32_t i = 1; i < commit->n_changes; i++)
        if (compare_changed(&changed[i - 1], &changed[i]) == 0) {
            (void)fprintf(stderr, "a commit changes a row of %s twice\n", changed[i].table->name);
            abort();
        }
    free(changed);
}

static int memory_commit(void *ctx, const berth_store_commit *commit)
{
    struct berth_memory_store *store = ctx;
    struct content *content = &store->content;
    int rc = 0;

    pthread_mutex_lock(&store->lock);
    if (commit->epoch != content->epoch) {
        rc = -ESTALE;
    } else if (commit->sequence != content->sequence + 1) {
        /* the last one may be sent again */
        rc = commit->sequence == content->sequence ? 0 : -EPROTO;
    } else {
        check_rows(content, commit);
        if (commit->clear)
            clear_rows(content);
        for (uint32_t i = 0; i < commit->n_changes; i++)
            change_row(content, &commit->changes[i]);
        content->sequence = commit->sequence;
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static int memory_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                          int (*next)(void *arg, berth_store_change *row), void *arg)
{
    struct berth_memory_store *store = ctx;
    struct content *content = &store->content, old;
    berth_store_change row;
    int rc;

    pthread_mutex_lock(&store->lock);
    old = *content;
    if (epoch != content->epoch) {
        pthread_mutex_unlock(&store->lock);
        return -ESTALE;
    }
    content->tables = zeroed(old.n_tables, sizeof *content->tables);
    for (unsigned i = 0; i < old.n_tables; i++) {
        content->tables[i] = old.tables[i];
        content->tables[i].rows = NULL;
        content->tables[i].n = 0;
        content->tables[i].capacity = 0;
    }
    while ((rc = next(arg, &row)) == 1)
        change_row(content, &row);
    if (rc == 0)
        content->sequence = sequence;
    for (unsigned i = 0; i < old.n_tables; i++) { /* the rows that are not wanted */
        struct table *gone = rc == 0 ? &old.tables[i] : &content->tables[i];

        for (size_t j = 0; j < gone->n; j++)
            free_row(gone, &gone->rows[j]);
        free(gone->rows);
    }
    free(rc == 0 ? old.tables : content->tables);
    if (rc < 0)
        *content = old;
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static int memory_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    struct berth_memory_store *store = ctx;
    int rc = 0;

    pthread_mutex_lock(&store->lock);
    if (epoch != store->content.epoch)
        rc = -ESTALE;
    else
        store->content.place = place;
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static void memory_close(void *ctx)
{
    (void)ctx; /* the rows stay */
}

berth_memory_store *berth_memory_store_make(const char *backend)
{
    struct berth_memory_store *store = zeroed(1, sizeof *store);

    pthread_mutex_init(&store->lock, NULL);
    store->backend = copy_text(backend ? backend : "");
    store->functions = (berth_store){
        .version = BERTH_STORE_VERSION,
        .ctx = store,
        .backend = store->backend,
        .open = memory_open,
        .load = memory_load,
        .commit = memory_commit,
        .replace = memory_replace,
        .set_place = memory_set_place,
        .close = memory_close,
    };
    return store;
}

void berth_memory_store_free(berth_memory_store *store)
{
    if (!store)
        return;
    free_content(&store->content);
    free(store->backend);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

const berth_store *berth_memory_store_functions(berth_memory_store *store)
{
    return &store->functions;
}

void berth_memory_store_reclaim(berth_memory_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->content.place = BERTH_STORE_HERE;
    pthread_mutex_unlock(&store->lock);
}

size_t berth_memory_store_count(berth_memory_store *store, const char *table)
{
    const struct table *found;
    size_t n;

    pthread_mutex_lock(&store->lock);
    found = find_table(&store->content, table);
    n = found ? found->n : 0;
    pthread_mutex_unlock(&store->lock);
    return n;
}

/* Bytes: a magic word, the content, and a sum over all that */

static const char magic[] = "berth memory store 2";

struct bytes {
    unsigned char *at;
    size_t n, capacity;
    size_t read;
    bool damaged;
};

static void put_bytes(struct bytes *bytes, const void *from, size_t size)
{
    if (bytes->n + size > bytes->capacity) {
        bytes->capacity = 2 * bytes->capacity + size + 256;
        bytes->at = checked(realloc(bytes->at, bytes->capacity));
    }
    memcpy(bytes->at + bytes->n, from, size);
    bytes->n += size;
}

static void put_number(struct bytes *bytes, uint64_t number)
{
    unsigned char digits[8];

    for (unsigned i = 0; i < 8; i++)
        digits[i] = (unsigned char)(number >> (8 * i));
    put_bytes(bytes, digits, sizeof digits);
}

static void put_text(struct bytes *bytes, const char *text)
{
    put_number(bytes, strlen(text));
    put_bytes(bytes, text, strlen(text));
}

static bool get_bytes(struct bytes *bytes, void *to, size_t size)
{
    if (bytes->damaged || size > bytes->n - bytes->read) {
        bytes->damaged = true;
        return false;
    }
    memcpy(to, bytes->at + bytes->read, size);
    bytes->read += size;
    return true;
}

static uint64_t get_number(struct bytes *bytes)
{
    unsigned char digits[8] = {0};
    uint64_t number = 0;

    if (!get_bytes(bytes, digits, sizeof digits))
        return 0;
    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)digits[i] << (8 * i);
    return number;
}

static char *get_text(struct bytes *bytes)
{
    uint64_t size = get_number(bytes);
    char *text;

    if (bytes->damaged || size > bytes->n - bytes->read) {
        bytes->damaged = true;
        return copy_text("");
    }
    text = zeroed((size_t)size + 1, 1);
    (void)get_bytes(bytes, text, (size_t)size);
    if (strlen(text) != size)
        bytes->damaged = true;
    return text;
}

static uint64_t get_number_upto(struct bytes *bytes, uint64_t most)
{
    uint64_t number = get_number(bytes);

    if (number > most) {
        bytes->damaged = true;
        return 0;
    }
    return number;
}

/* A count of things that take so many bytes at least. */
static size_t get_count(struct bytes *bytes, size_t most, size_t size)
{
    const size_t left = (bytes->n - bytes->read) / size;

    return (size_t)get_number_upto(bytes, most < left ? most : left);
}

static uint64_t sum(const unsigned char *bytes, size_t n)
{
    uint64_t found = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        found = (found ^ bytes[i]) * UINT64_C(0x100000001b3);
    return found;
}

static void put_cell(struct bytes *bytes, berth_store_type type, const struct cell *cell)
{
    switch (type) {
    case BERTH_STORE_TEXT:
        put_text(bytes, cell->text);
        break;
    case BERTH_STORE_UUID:
        put_bytes(bytes, cell->uuid, sizeof cell->uuid);
        break;
    case BERTH_STORE_TEXTS:
        put_number(bytes, cell->count);
        for (uint32_t i = 0; i < cell->count; i++)
            put_text(bytes, cell->items[i]);
        break;
    default:
        put_number(bytes, cell->number);
        break;
    }
}

static void get_cell(struct bytes *bytes, berth_store_type type, struct cell *cell)
{
    switch (type) {
    case BERTH_STORE_TEXT:
        cell->text = get_text(bytes);
        break;
    case BERTH_STORE_UUID:
        (void)get_bytes(bytes, cell->uuid, sizeof cell->uuid);
        break;
    case BERTH_STORE_TEXTS:
        cell->count = (uint32_t)get_count(bytes, UINT32_MAX, sizeof(uint64_t));
        cell->items = zeroed(cell->count, sizeof *cell->items);
        for (uint32_t i = 0; i < cell->count; i++)
            cell->items[i] = get_text(bytes);
        break;
    case BERTH_STORE_BOOL:
        cell->number = get_number_upto(bytes, 1);
        break;
    default:
        cell->number = get_number(bytes);
        break;
    }
}

static void put_table(struct bytes *bytes, const struct table *table)
{
    put_text(bytes, table->name);
    put_number(bytes, table->n_columns);
    put_number(bytes, table->n_key);
    for (unsigned i = 0; i < table->n_columns; i++) {
        put_text(bytes, table->columns[i].name);
        put_number(bytes, table->columns[i].type);
    }
    put_number(bytes, table->n);
    for (size_t i = 0; i < table->n; i++)
        for (unsigned j = 0; j < table->n_columns; j++)
            put_cell(bytes, table->columns[j].type, &table->rows[i].cells[j]);
}

static void get_columns(struct bytes *bytes, struct table *table)
{
    table->n_columns = (uint16_t)get_count(bytes, UINT16_MAX, 2 * sizeof(uint64_t));
    table->n_key = (uint16_t)get_number_upto(bytes, table->n_columns);
    table->columns = zeroed(table->n_columns, sizeof *table->columns);
    for (unsigned i = 0; i < table->n_columns; i++) {
        struct column *column = &table->columns[i];

        column->name = get_text(bytes);
        column->type = (berth_store_type)get_number_upto(bytes, BERTH_STORE_TEXTS);
        if (column->type < BERTH_STORE_BOOL ||
            (i < table->n_key && column->type == BERTH_STORE_TEXTS))
            bytes->damaged = true;
        for (unsigned j = 0; j < i; j++)
            if (strcmp(table->columns[j].name, column->name) == 0)
                bytes->damaged = true;
    }
    if (table->n_key == 0)
        bytes->damaged = true;
}

/* Do the last two rows ascend? */
static bool ascends(const struct table *table)
{
    berth_store_value *values;
    bool found;

    if (table->n < 2)
        return true;
    values = zeroed(table->n_key, sizeof *values);
    for (unsigned i = 0; i < table->n_key; i++)
        values[i] = show_cell(table->columns[i].type, &table->rows[table->n - 1].cells[i]);
    found = compare(table, &table->rows[table->n - 2], values) < 0;
    free(values);
    return found;
}

/* What is damaged can be freed. */
static void get_table(struct bytes *bytes, struct table *table)
{
    table->name = get_text(bytes);
    get_columns(bytes, table);
    if (bytes->damaged)
        return;
    table->capacity = get_count(bytes, SIZE_MAX, table->n_columns * sizeof(uint64_t));
    table->rows = zeroed(table->capacity, sizeof *table->rows);
    while (table->n < table->capacity && !bytes->damaged) {
        struct cell *cells = zeroed(table->n_columns, sizeof *cells);

        for (unsigned i = 0; i < table->n_columns; i++)
            get_cell(bytes, table->columns[i].type, &cells[i]);
        table->rows[table->n++].cells = cells;
        if (!bytes->damaged && !ascends(table))
            bytes->damaged = true;
    }
}

void *berth_memory_store_export(berth_memory_store *store, size_t *size)
{
    const struct content *content = &store->content;
    struct bytes bytes = {0};

    pthread_mutex_lock(&store->lock);
    put_bytes(&bytes, magic, sizeof magic);
    put_number(&bytes, content->header.manager != NULL);
    if (content->header.manager) {
        put_text(&bytes, content->header.manager);
        put_text(&bytes, content->header.options);
        put_text(&bytes, content->header.absent);
        put_text(&bytes, content->header.hooks);
        put_text(&bytes, content->header.backend);
        put_number(&bytes, content->header.spec_hash);
        put_number(&bytes, content->header.format);
    }
    put_number(&bytes, content->epoch);
    put_number(&bytes, content->sequence);
    put_number(&bytes, content->place);
    put_number(&bytes, content->n_tables);
    for (unsigned i = 0; i < content->n_tables; i++)
        put_table(&bytes, &content->tables[i]);
    pthread_mutex_unlock(&store->lock);
    put_number(&bytes, sum(bytes.at, bytes.n));
    *size = bytes.n;
    return bytes.at;
}

static struct content read_content(struct bytes *bytes)
{
    struct content content = {0};
    char found[sizeof magic] = {0};
    size_t most;

    if (!get_bytes(bytes, found, sizeof found) || memcmp(found, magic, sizeof magic) != 0)
        bytes->damaged = true;
    if (get_number_upto(bytes, 1) != 0) {
        content.header.manager = get_text(bytes);
        content.header.options = get_text(bytes);
        content.header.absent = get_text(bytes);
        content.header.hooks = get_text(bytes);
        content.header.backend = get_text(bytes);
        content.header.spec_hash = get_number(bytes);
        content.header.format = (uint32_t)get_number_upto(bytes, UINT32_MAX);
    }
    content.epoch = get_number(bytes);
    content.sequence = get_number(bytes);
    content.place = (berth_store_place)get_number_upto(bytes, BERTH_STORE_MOVED);
    most = get_count(bytes, UINT16_MAX, 4 * sizeof(uint64_t));
    content.tables = zeroed(most, sizeof *content.tables);
    while (content.n_tables < most && !bytes->damaged) {
        struct table *table = &content.tables[content.n_tables++];

        get_table(bytes, table);
        if (find_table(&content, table->name) != table)
            bytes->damaged = true;
    }
    if (bytes->read != bytes->n)
        bytes->damaged = true;
    return content;
}

int berth_memory_store_import(berth_memory_store *store, const void *from, size_t size)
{
    struct bytes bytes = {.at = (unsigned char *)(uintptr_t)from, .n = size};
    struct bytes end = {.at = bytes.at, .n = size, .read = size >= 8 ? size - 8 : 0};
    struct content content;

    if (size < 8 + sizeof magic || get_number(&end) != sum(bytes.at, size - 8))
        return -EBADMSG;
    bytes.n = size - 8;
    content = read_content(&bytes);
    if (bytes.damaged) {
        free_content(&content);
        return -EBADMSG;
    }
    pthread_mutex_lock(&store->lock);
    if (store->content.epoch > 0 && content.epoch <= store->content.epoch)
        content.epoch = store->content.epoch + 1; /* whoever has it open is fenced */
    free_content(&store->content);
    store->content = content;
    pthread_mutex_unlock(&store->lock);
    return 0;
}
