#include "stock.h"

#include <errno.h>

struct shelf {
    char *name; /* the key */
    uint32_t number;
    unsigned refs;
};

/* Free numbers are kept on a stack: a programmer who need not have the lowest does no more. */
struct hand_stock {
    pthread_mutex_t lock;
    GHashTable *shelves;
    GArray *free;
    uint32_t next;
};

struct hand_stock *hand_stock_create(void)
{
    struct hand_stock *manager = g_new0(struct hand_stock, 1);

    (void)pthread_mutex_init(&manager->lock, NULL);
    manager->shelves = g_hash_table_new(g_str_hash, g_str_equal);
    manager->free = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return manager;
}

static void free_shelf(gpointer key, gpointer value, gpointer unused)
{
    struct shelf *shelf = value;

    (void)key;
    (void)unused;
    g_free(shelf->name);
    g_free(shelf);
}

void hand_stock_destroy(struct hand_stock *manager)
{
    g_hash_table_foreach(manager->shelves, free_shelf, NULL);
    g_hash_table_destroy(manager->shelves);
    g_array_free(manager->free, TRUE);
    (void)pthread_mutex_destroy(&manager->lock);
    g_free(manager);
}

static uint32_t take_number(struct hand_stock *manager)
{
    uint32_t number;

    if (manager->free->len == 0)
        return manager->next++;
    number = g_array_index(manager->free, uint32_t, manager->free->len - 1);
    g_array_set_size(manager->free, manager->free->len - 1);
    return number;
}

int hand_stock_hold(struct hand_stock *manager, const char *name, uint32_t *number)
{
    struct shelf *shelf;

    (void)pthread_mutex_lock(&manager->lock);
    shelf = g_hash_table_lookup(manager->shelves, name);
    if (!shelf) {
        shelf = g_new0(struct shelf, 1);
        shelf->name = g_strdup(name);
        shelf->number = take_number(manager);
        g_hash_table_insert(manager->shelves, shelf->name, shelf);
    }
    shelf->refs++;
    *number = shelf->number;
    (void)pthread_mutex_unlock(&manager->lock);
    return 0;
}

int hand_stock_release(struct hand_stock *manager, const char *name)
{
    struct shelf *shelf;
    int rc = 0;

    (void)pthread_mutex_lock(&manager->lock);
    shelf = g_hash_table_lookup(manager->shelves, name);
    if (!shelf) {
        rc = -ENOENT;
    } else if (--shelf->refs == 0) {
        (void)g_hash_table_remove(manager->shelves, shelf->name);
        g_array_append_val(manager->free, shelf->number);
        free_shelf(NULL, shelf, NULL);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}

int hand_stock_find(struct hand_stock *manager, const char *name, uint32_t *number)
{
    const struct shelf *shelf;
    int rc = 0;

    (void)pthread_mutex_lock(&manager->lock);
    shelf = g_hash_table_lookup(manager->shelves, name);
    if (shelf)
        *number = shelf->number;
    else
        rc = -ENOENT;
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}
