/* What berthc would write about the fields of the hand-written manager. */
#include <string.h>

#include "depot_type.h"

uint8_t rack_check(const void *given, bool only_key)
{
    const rack_config *config = given;

    if (berth_text_is_empty(config->name) || !berth_text_fits(config->name, 40))
        return 1;
    if (only_key)
        return 0;
    if (config->u8 > 200)
        return 3;
    if (config->u64 > UINT64_MAX - 1)
        return 6;
    if (config->i32 < -5 || config->i32 > 5)
        return 7;
    if ((unsigned)config->kind > 2)
        return 9;
    if (!berth_strings_fit(&config->order, 5))
        return 11;
    return berth_strings_fit(&config->tags, 0) ? 0 : 12;
}

void rack_hash(const void *given, berth_hash *to, const berth_sets *sets)
{
    (void)sets;
    berth_hash_text(to, ((const rack_config *)given)->name, BERTH_EXACT_CASE);
}

bool rack_equal(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return berth_text_equal(((const rack_view *)instance)->name,
                            ((const rack_config *)given)->name);
}

uint8_t rack_differs(const void *instance, const void *given, const berth_sets *sets)
{
    const rack_view *view = instance;
    const rack_config *config = given;
    const bool same[] = {
        view->locked == config->locked,
        view->u8 == config->u8,
        view->u16 == config->u16,
        view->u32 == config->u32,
        view->u64 == config->u64,
        view->i32 == config->i32,
        view->i64 == config->i64,
        view->kind == config->kind,
        berth_uuid_equal(view->owner, config->owner),
        berth_list_equal(&view->order, &config->order, BERTH_EXACT_CASE),
        berth_set_equal(&view->tags, &config->tags, BERTH_ANY_CASE, sets),
    };

    for (uint8_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!same[i])
            return (uint8_t)(i + 2);
    return 0;
}

berth_storage_size rack_size(const void *given)
{
    const rack_config *config = given;
    berth_storage_size size = {0, 0};

    berth_size_text(&size, config->name);
    berth_size_strings(&size, &config->order);
    berth_size_strings(&size, &config->tags);
    return size;
}

void rack_copy(void *instance, const void *given, berth_storage *to)
{
    rack_view *view = instance;
    const rack_config *config = given;

    view->name = berth_copy_text(to, config->name);
    view->locked = config->locked;
    view->u8 = config->u8;
    view->u16 = config->u16;
    view->u32 = config->u32;
    view->u64 = config->u64;
    view->i32 = config->i32;
    view->i64 = config->i64;
    view->kind = config->kind;
    uuid_copy(view->owner, config->owner);
    view->order = berth_copy_strings(to, &config->order);
    view->tags = berth_copy_strings(to, &config->tags);
}

uint8_t shelf_check(const void *given, bool only_key)
{
    const shelf_config *config = given;

    (void)only_key;
    if (config->index > 999)
        return 1;
    return berth_text_is_empty(config->zone) || !berth_text_fits(config->zone, 8) ? 2 : 0;
}

void shelf_hash(const void *given, berth_hash *to, const berth_sets *sets)
{
    const shelf_config *config = given;

    (void)sets;
    berth_hash_number(to, config->index);
    berth_hash_text(to, config->zone, BERTH_ANY_CASE);
}

bool shelf_equal(const void *instance, const void *given, const berth_sets *sets)
{
    const shelf_view *view = instance;
    const shelf_config *config = given;

    (void)sets;
    return view->index == config->index && berth_text_equal_any_case(view->zone, config->zone);
}

uint8_t shelf_differs(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return ((const shelf_view *)instance)->steel != ((const shelf_config *)given)->steel ? 3 : 0;
}

berth_storage_size shelf_size(const void *given)
{
    berth_storage_size size = {0, 0};

    berth_size_text(&size, ((const shelf_config *)given)->zone);
    return size;
}

void shelf_copy(void *instance, const void *given, berth_storage *to)
{
    shelf_view *view = instance;
    const shelf_config *config = given;

    view->index = config->index;
    view->zone = berth_copy_text(to, config->zone);
    view->steel = config->steel;
}

uint8_t book_check(const void *given, bool only_key)
{
    return !only_key && uuid_is_null(((const book_config *)given)->isbn) ? 1 : 0;
}

uint8_t book_differs(const void *instance, const void *given, const berth_sets *sets)
{
    (void)sets;
    return berth_uuid_equal(((const book_view *)instance)->isbn, ((const book_config *)given)->isbn)
               ? 0
               : 1;
}

void book_copy(void *instance, const void *given, berth_storage *to)
{
    (void)to;
    uuid_copy(((book_view *)instance)->isbn, ((const book_config *)given)->isbn);
}
