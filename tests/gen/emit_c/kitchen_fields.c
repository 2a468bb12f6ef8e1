/*
 * The functions about fields that berthc writes for the kitchen, each line of them. "functions.c"
 * is that part of the generated source. Expected values come from kitchen.yaml and semantics.md.
 */
#include "kitchen/kitchen.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <berth/fields.h>

#include "functions.c"

#include "base/data/hash.h"
#include "base/data/strings.h"

#define ITEMS(...) ((const char *const[]){__VA_ARGS__})
/* clang-format off */
#define STRINGS(...) {ITEMS(__VA_ARGS__), sizeof(ITEMS(__VA_ARGS__)) / sizeof(char *)}
/* clang-format on */

static const struct hash_seed seed = {{1, 2}};
static const berth_sets sets = {&seed, NULL};

/* Check. */

static const kitchen_stove_config stove = {
    .site = {1},
    .number = 7,
    .model = "Vulcan",
    .kind = KITCHEN_STOVE_KIND_GAS,
    .heat = 20,
    .offset = -3,
    .weight = 400000,
    .flags = 3,
    .price = 12,
    .self_cleaning = true,
    .tools = STRINGS("ladle", NULL, "spoon"),
    .colours = STRINGS("red", "BLUE"),
};

static const kitchen_shelf_config shelf = {
    .text = "Spices",
    .class_ = 4,
    .depth = -30,
    .board = KITCHEN_SHELF_BOARD_WOOD,
    .owner = {9},
    .order = STRINGS("salt", "pepper"),
    .smells = STRINGS("thyme", "basil"),
};

static const char of_24[] = "123456789012345678901234", of_25[] = "1234567890123456789012345";
static const char of_32[] = "12345678901234567890123456789012";
static const char of_33[] = "123456789012345678901234567890123";
static const berth_strings missing = {NULL, 1};

/* The number of the field, which only counts of a config of a key if it is of the key. */
static void check_stove(const kitchen_stove_config *config, uint8_t all, uint8_t key)
{
    assert(kitchen_stove_check(config, false) == all);
    assert(kitchen_stove_check(config, true) == key);
}

static void test_check_of_key(void)
{
    kitchen_stove_config c = stove;

    check_stove(&c, 0, 0);
    c.number = 0;
    check_stove(&c, 2, 2);
    uuid_clear(c.site);
    check_stove(&c, 1, 1);
    c = stove;
    c.number = 1000;
    check_stove(&c, 2, 2);
    c.number = 999;
    check_stove(&c, 0, 0);
    c.number = 1;
    check_stove(&c, 0, 0);
}

/* From the last field to the first: the first that is wrong is told. */
static void test_check_of_the_others(void)
{
    kitchen_stove_config c = stove;

    c.colours = missing;
    check_stove(&c, 12, 0);
    c.tools = missing;
    check_stove(&c, 11, 0);
    c.price = UINT64_MAX;
    check_stove(&c, 9, 0);
    c.heat = -21;
    check_stove(&c, 5, 0);
    c.heat = 301;
    check_stove(&c, 5, 0);
    c.kind = (kitchen_stove_kind)3;
    check_stove(&c, 4, 0);
    c.kind = (kitchen_stove_kind)-1;
    check_stove(&c, 4, 0);
    c.model = NULL;
    check_stove(&c, 3, 0);
    c.model = "";
    check_stove(&c, 3, 0);
    c.model = of_25;
    check_stove(&c, 3, 0);
    c.number = 0;
    check_stove(&c, 2, 2);
}

static void test_check_of_ends(void)
{
    kitchen_stove_config c = stove;

    c.model = of_24;
    c.kind = KITCHEN_STOVE_KIND_INDUCTION;
    c.heat = -20;
    c.price = UINT64_MAX - 1;
    c.tools = (berth_strings){NULL, 0};
    check_stove(&c, 0, 0);
    c.kind = KITCHEN_STOVE_KIND_PLAIN;
    c.heat = 300;
    check_stove(&c, 0, 0);
}

static void test_check_below(void)
{
    kitchen_shelf_config s = shelf;
    kitchen_burner_config b = {.position = 3, .rate = KITCHEN_BURNER_RATE_HIGH};
    kitchen_pot_config p = {.dish = of_32};

    assert(kitchen_shelf_check(&s, true) == 0);
    s.smells = missing;
    assert(kitchen_shelf_check(&s, true) == 7);
    s.order = missing;
    assert(kitchen_shelf_check(&s, true) == 6);
    s.board = (kitchen_shelf_board)2;
    assert(kitchen_shelf_check(&s, true) == 4);
    assert(kitchen_burner_check(&b, false) == 0);
    b.rate = (kitchen_burner_rate)2;
    assert(kitchen_burner_check(&b, false) == 2);
    assert(kitchen_burner_check(&b, true) == 0);
    b.position = 4;
    assert(kitchen_burner_check(&b, true) == 1);
    assert(kitchen_pot_check(&p, false) == 0);
    p.dish = of_33;
    assert(kitchen_pot_check(&p, false) == 1);
    assert(kitchen_pot_check(&p, true) == 0);
    p.dish = NULL;
    assert(kitchen_pot_check(&p, false) == 1);
}

/* Copy. The storage has the size that was told, to the byte. */

static void *copy(void *view, const void *config, berth_storage_size size,
                  void (*function)(void *view, const void *config, berth_storage *to))
{
    size_t items = (size_t)size.items * sizeof(char *);
    char *memory = malloc(items + (size_t)size.text + 1);
    berth_storage to = {(const char **)(void *)memory, memory + items};

    assert(memory != NULL);
    function(view, config, &to);
    assert((char *)to.items == memory + items);
    assert(to.text == memory + items + (size_t)size.text);
    return memory;
}

static void *copy_stove(kitchen_stove *view, const kitchen_stove_config *config)
{
    memset(view, 0, sizeof *view);
    return copy(view, config, kitchen_stove_size(config), kitchen_stove_copy);
}

static void *copy_shelf(kitchen_shelf *view, const kitchen_shelf_config *config)
{
    memset(view, 0, sizeof *view);
    return copy(view, config, kitchen_shelf_size(config), kitchen_shelf_copy);
}

static void test_copy_of_a_stove(void)
{
    kitchen_stove v;
    void *memory = copy_stove(&v, &stove);

    assert(kitchen_stove_size(&stove).items == 5);
    assert(kitchen_stove_size(&stove).text == 7 + 6 + 6 + 4 + 5); /* with NULs; none for NULL */
    assert(uuid_compare(v.site, stove.site) == 0);
    assert(v.number == 7 && v.kind == KITCHEN_STOVE_KIND_GAS && v.heat == 20 && v.offset == -3);
    assert(v.weight == 400000 && v.flags == 3 && v.price == 12 && v.self_cleaning);
    assert(v.model != stove.model && strcmp(v.model, "Vulcan") == 0);
    assert(v.tools.count == 3 && strcmp(v.tools.items[0], "ladle") == 0);
    assert(strcmp(v.tools.items[1], "") == 0 && strcmp(v.tools.items[2], "spoon") == 0);
    assert(v.colours.count == 2 && strcmp(v.colours.items[0], "red") == 0);
    assert(strcmp(v.colours.items[1], "BLUE") == 0);
    free(memory);
}

static void test_copy_below(void)
{
    kitchen_shelf s;
    kitchen_burner b = {.position = 0};
    kitchen_pot p = {.lid = false};
    kitchen_burner_config burner = {.position = 2, .rate = KITCHEN_BURNER_RATE_HIGH};
    kitchen_pot_config pot = {.dish = "soup", .lid = true};
    void *memory = copy_shelf(&s, &shelf);
    void *dish = copy(&p, &pot, kitchen_pot_size(&pot), kitchen_pot_copy);

    kitchen_burner_copy(&b, &burner, NULL);
    assert(b.position == 2 && b.rate == KITCHEN_BURNER_RATE_HIGH);
    assert(strcmp(p.dish, "soup") == 0 && p.lid);
    assert(strcmp(s.text, "Spices") == 0 && s.class_ == 4 && s.depth == -30 && s.owner[0] == 9);
    assert(s.order.count == 2 && strcmp(s.order.items[1], "pepper") == 0);
    assert(s.smells.count == 2 && strcmp(s.smells.items[1], "basil") == 0);
    assert(kitchen_shelf_size(&shelf).items == 4);
    free(dish);
    free(memory);
}

static void test_copy_of_an_enum(void)
{
    kitchen_shelf_config glass = shelf;
    kitchen_shelf s;

    glass.board = KITCHEN_SHELF_BOARD_GLASS;
    free(copy_shelf(&s, &glass));
    assert(s.board == KITCHEN_SHELF_BOARD_GLASS);
}

/* Compare. */

static void stove_differs(const kitchen_stove *view, const kitchen_stove_config *config, uint8_t n)
{
    assert(kitchen_stove_equal(view, config, &sets));
    assert(kitchen_stove_differs(view, config, &sets) == n);
}

/* From the last field to the first: the first that differs is told. */
static void test_differs(void)
{
    kitchen_stove v;
    void *memory = copy_stove(&v, &stove);
    kitchen_stove_config c = stove;

    c.model = "vULCAN";
    c.colours = (berth_strings)STRINGS("blue", "Red", "blue");
    stove_differs(&v, &c, 0);
    c.colours = (berth_strings)STRINGS("blue", "green");
    stove_differs(&v, &c, 12);
    c.tools = (berth_strings)STRINGS("Ladle", "", "spoon");
    stove_differs(&v, &c, 11);
    c.self_cleaning = false;
    stove_differs(&v, &c, 10);
    c.price++;
    stove_differs(&v, &c, 9);
    c.flags++;
    stove_differs(&v, &c, 8);
    c.weight++;
    stove_differs(&v, &c, 7);
    c.offset++;
    stove_differs(&v, &c, 6);
    c.heat++;
    stove_differs(&v, &c, 5);
    c.kind = KITCHEN_STOVE_KIND_PLAIN;
    stove_differs(&v, &c, 4);
    c.model = "Vulcan 2";
    stove_differs(&v, &c, 3);
    free(memory);
}

static void test_differs_below(void)
{
    kitchen_burner b = {.rate = KITCHEN_BURNER_RATE_HIGH};
    kitchen_burner_config burner = {.rate = KITCHEN_BURNER_RATE_HIGH};
    kitchen_pot p = {.dish = "soup", .lid = true};
    kitchen_pot_config pot = {.dish = "soup", .lid = true};

    assert(kitchen_burner_differs(&b, &burner, &sets) == 0);
    burner.rate = KITCHEN_BURNER_RATE_LOW;
    assert(kitchen_burner_differs(&b, &burner, &sets) == 2);
    assert(kitchen_pot_differs(&p, &pot, &sets) == 0);
    pot.lid = false;
    assert(kitchen_pot_differs(&p, &pot, &sets) == 2);
    pot.dish = "Soup";
    assert(kitchen_pot_differs(&p, &pot, &sets) == 1);
    pot.dish = NULL;
    assert(kitchen_pot_differs(&p, &pot, &sets) == 1);
}

/* Keys: equal ones hash alike. Others need not hash otherwise, but these do with this seed. */

typedef void hash_function(const void *config, berth_hash *to, const berth_sets *of);

static uint64_t hash_of(hash_function *function, const void *config)
{
    berth_hash hash;

    hash_start(&hash, &seed);
    function(config, &hash, &sets);
    return hash_end(&hash);
}

static void same_key(const kitchen_shelf *view, const kitchen_shelf_config *config, bool same)
{
    uint64_t mine = hash_of(kitchen_shelf_hash, &shelf);

    assert(kitchen_shelf_equal(view, config, &sets) == same);
    assert((hash_of(kitchen_shelf_hash, config) == mine) == same);
}

static void test_key_of_a_shelf(void)
{
    kitchen_shelf v;
    void *memory = copy_shelf(&v, &shelf);
    kitchen_shelf_config c = shelf;

    c.text = "sPICES";
    c.order = (berth_strings)STRINGS("SALT", "Pepper");
    c.smells = (berth_strings)STRINGS("basil", "thyme", "basil");
    same_key(&v, &c, true);
    c.text = "Spice";
    same_key(&v, &c, false);
    c = shelf;
    c.class_++;
    same_key(&v, &c, false);
    c = shelf;
    c.depth = 30;
    same_key(&v, &c, false);
    c = shelf;
    c.board = KITCHEN_SHELF_BOARD_GLASS;
    same_key(&v, &c, false);
    c = shelf;
    c.owner[15] = 1;
    same_key(&v, &c, false);
    c = shelf;
    c.order = (berth_strings)STRINGS("pepper", "salt");
    same_key(&v, &c, false);
    c = shelf;
    c.smells = (berth_strings)STRINGS("Thyme", "basil");
    same_key(&v, &c, false);
    free(memory);
}

static void test_key_of_a_stove(void)
{
    kitchen_stove v;
    void *memory = copy_stove(&v, &stove);
    uint64_t mine = hash_of(kitchen_stove_hash, &stove);
    kitchen_stove_config c = {.site = {1}, .number = 7}; /* no other field is of the key */

    assert(kitchen_stove_equal(&v, &c, &sets) && hash_of(kitchen_stove_hash, &c) == mine);
    c.number = 8;
    assert(!kitchen_stove_equal(&v, &c, &sets) && hash_of(kitchen_stove_hash, &c) != mine);
    c.number = 7;
    c.site[0] = 2;
    assert(!kitchen_stove_equal(&v, &c, &sets) && hash_of(kitchen_stove_hash, &c) != mine);
    free(memory);
}

static void test_key_of_a_burner(void)
{
    kitchen_burner v = {.position = 1};
    kitchen_burner_config c = {.position = 1}, other = {.position = 2};

    assert(kitchen_burner_equal(&v, &c, &sets) && !kitchen_burner_equal(&v, &other, &sets));
    assert(hash_of(kitchen_burner_hash, &c) != hash_of(kitchen_burner_hash, &other));
}

int main(void)
{
    test_check_of_key();
    test_check_of_the_others();
    test_check_of_ends();
    test_check_below();
    test_copy_of_a_stove();
    test_copy_below();
    test_copy_of_an_enum();
    test_differs();
    test_differs_below();
    test_key_of_a_shelf();
    test_key_of_a_stove();
    test_key_of_a_burner();
    return 0;
}
