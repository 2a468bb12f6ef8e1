/*
 * What operations of a generated manager return, in every way to call them: several values in a
 * struct, one by a pointer. NULL is fine, and a failure writes nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <berth/table.h>

#include "kitchen.h"

/* What the hooks of a test answer, and what the test saw. */
typedef struct fixture {
    kitchen *kitchen;
    int power; /* answer of bus.power_on */
    int place; /* answer of hand.place */
    berth_token token;
    int code; /* of the started operation; 1: it has not ended */
} fixture;

static const uuid_t session = {1, 2, 3};

static int power_on(void *ctx, berth_call *call, const kitchen_stove *stove,
                    kitchen_bus_power_on_out *out)
{
    (void)call;
    (void)stove;
    out->power = 2000;
    strcpy(out->firmware, "v7");
    uuid_copy(out->session, session);
    out->drift = -5;
    out->ready = true;
    return ((fixture *)ctx)->power;
}

static int place_pot(void *ctx, berth_call *call, const kitchen_pot *pot,
                     kitchen_hand_place_out *out)
{
    fixture *f = ctx;

    (void)pot;
    f->token = berth_call_token(call);
    out->hob = 3;
    strcpy(out->note, "hot");
    return f->place;
}

static int of_stove(void *ctx, berth_call *call, const kitchen_stove *stove)
{
    (void)ctx;
    (void)call;
    (void)stove;
    return 0;
}

static int of_burner(void *ctx, berth_call *call, const kitchen_burner *burner)
{
    (void)ctx;
    (void)call;
    (void)burner;
    return 0;
}

static int of_pot(void *ctx, berth_call *call, const kitchen_pot *pot)
{
    (void)ctx;
    (void)call;
    (void)pot;
    return 0;
}

static const kitchen_stove_config stove = {.site = {9}, .number = 1, .model = "A"};
static const kitchen_stove_config second = {.site = {9}, .number = 2, .model = "A"};
static const kitchen_burner_config burner = {.position = 2};
static const kitchen_pot_config pot = {.dish = "soup"};
static const kitchen_stove_place first_place, last_place = {.row = 1, .column = 2};

static void begin(fixture *f)
{
    kitchen_backend backend = {.version = KITCHEN_BACKEND_VERSION,
                               .ctx = f,
                               .bus = {.power_on = power_on, .power_off = of_stove},
                               .pipe = {.open = of_burner, .close = of_burner},
                               .hand = {.place = place_pot, .lift = of_pot}};

    *f = (fixture){.code = 1};
    assert_int_equal(kitchen_create(NULL, &backend, NULL, &f->kitchen, NULL), 0);
}

static void end(fixture *f)
{
    assert_int_equal(kitchen_drain(f->kitchen, BERTH_NO_DEADLINE, NULL), 0);
    assert_int_equal(kitchen_destroy(f->kitchen, NULL), 0);
}

#define UNTOUCHED 0xa5
#define WIPE(result) memset(&(result), UNTOUCHED, sizeof(result))

static void assert_untouched(const void *result, size_t size)
{
    const unsigned char *bytes = result;

    while (size-- > 0)
        assert_int_equal(*bytes++, UNTOUCHED);
}

static void assert_cooked(const kitchen_cook_result *cooked)
{
    assert_string_equal(cooked->name, "stove 1 \"A\" plain 0 0 false 100 true school {100%}");
    assert_int_equal(cooked->power, 2000);
    assert_string_equal(cooked->firmware, "v7");
    assert_int_equal(uuid_compare(cooked->session, session), 0);
    assert_int_equal(cooked->drift, -5);
    assert_true(cooked->ready);
    assert_int_equal(cooked->row, 0);
    assert_int_equal(cooked->nozzle, 0);
    assert_string_not_equal(cooked->label, "");
    assert_int_equal(cooked->hob, 3);
    assert_string_equal(cooked->note, "hot");
}

static void a_creation_returns_all_values_or_none(void **unused)
{
    fixture f;
    kitchen_install_result result;

    (void)unused;
    begin(&f);
    assert_int_equal(kitchen_install(f.kitchen, &stove, &last_place, &result, NULL), 0);
    assert_int_equal(result.serial, 100);
    assert_int_equal(result.row, 1);
    assert_int_equal(result.column, 2);
    WIPE(result);
    assert_int_equal(kitchen_install(f.kitchen, &second, &last_place, &result, NULL), -EBUSY);
    assert_untouched(&result, sizeof result);
    assert_int_equal(kitchen_install(f.kitchen, &second, NULL, &result, NULL), -EINVAL);
    assert_untouched(&result, sizeof result);
    assert_int_equal(kitchen_install(f.kitchen, &second, &first_place, NULL, NULL), 0);
    end(&f);
}

static void a_blocking_call_returns_all_values_or_none(void **unused)
{
    fixture f;
    uuid_t id, other;
    kitchen_reserve_result held;
    kitchen_cook_result cooked;

    (void)unused;
    begin(&f);
    assert_int_equal(kitchen_reserve(f.kitchen, &stove, &burner, &pot, id, &held, NULL), 0);
    assert_int_equal(held.serial, 100);
    assert_false(uuid_is_null(held.tag));
    assert_string_equal(held.ticket, "7");
    assert_int_equal(kitchen_reserve(f.kitchen, &stove, &burner, &pot, other, NULL, NULL), 0);
    WIPE(cooked);
    f.place = -EIO;
    assert_int_equal(kitchen_cook(f.kitchen, id, &cooked, NULL), -EIO);
    assert_untouched(&cooked, sizeof cooked);
    assert_int_equal(kitchen_clean(f.kitchen, id, NULL), 0);
    assert_int_equal(kitchen_clean(f.kitchen, other, NULL), 0);
    f.place = 0;
    assert_int_equal(kitchen_reserve(f.kitchen, &stove, &burner, &pot, id, NULL, NULL), 0);
    assert_int_equal(kitchen_cook(f.kitchen, id, NULL, NULL), 0);
    assert_int_equal(kitchen_cook_until(f.kitchen, id, &cooked, BERTH_NO_DEADLINE, NULL), 0);
    assert_int_equal(cooked.power, 2000);
    assert_string_equal(cooked.note, "hot");
    end(&f);
}

static void note_end(void *arg, int code)
{
    ((fixture *)arg)->code = code;
}

static void a_started_call_returns_all_values_or_none(void **unused)
{
    static const int answers[] = {0, -EIO};

    (void)unused;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        fixture f;
        uuid_t id;
        kitchen_op op;
        kitchen_cook_result result;
        const kitchen_hand_place_out out = {.hob = 3, .note = "hot"};

        begin(&f);
        assert_int_equal(kitchen_reserve(f.kitchen, &stove, &burner, &pot, id, NULL, NULL), 0);
        WIPE(result);
        f.place = BERTH_PENDING;
        assert_int_equal(
            kitchen_cook_start(f.kitchen, &op, id, &result, BERTH_NO_DEADLINE, NULL, note_end, &f),
            0);
        assert_int_equal(f.code, 1);
        assert_untouched(&result, sizeof result);
        assert_int_equal(berth_complete(f.token, answers[i], &out, sizeof out), 0);
        assert_int_equal(f.code, answers[i]);
        if (answers[i] == 0)
            assert_cooked(&result);
        else
            assert_untouched(&result, sizeof result);
        end(&f);
    }
}

static void a_started_call_needs_no_results(void **unused)
{
    fixture f;
    uuid_t id;
    kitchen_op op;

    (void)unused;
    begin(&f);
    assert_int_equal(kitchen_reserve_start(f.kitchen, &op, &stove, &burner, &pot, id, NULL,
                                           BERTH_NO_DEADLINE, NULL, note_end, &f),
                     0);
    assert_int_equal(f.code, 0);
    f.code = 1;
    f.place = BERTH_PENDING;
    assert_int_equal(
        kitchen_cook_start(f.kitchen, NULL, id, NULL, BERTH_NO_DEADLINE, NULL, note_end, &f), 0);
    assert_int_equal(berth_complete(f.token, 0, NULL, 0), 0);
    assert_int_equal(f.code, 0);
    end(&f);
}

static void a_look_up_returns_all_values_or_none(void **unused)
{
    fixture f;
    kitchen_locate_result found;
    kitchen_look_up_result tested;
    static const kitchen_locate_result nothing;

    (void)unused;
    begin(&f);
    assert_int_equal(kitchen_install(f.kitchen, &stove, &last_place, NULL, NULL), 0);
    assert_int_equal(kitchen_locate(f.kitchen, &last_place, &found, NULL), 0);
    assert_false(uuid_is_null(found.tag));
    assert_string_equal(found.name, "stove 1 \"A\" plain 0 0 false 100 true school {100%}");
    assert_int_equal(kitchen_locate(f.kitchen, &last_place, NULL, NULL), 0);
    assert_int_equal(kitchen_inspect(f.kitchen, found.tag, NULL, NULL), 0);
    WIPE(found);
    assert_int_equal(kitchen_locate(f.kitchen, NULL, &found, NULL), -EINVAL);
    assert_untouched(&found, sizeof found);
    assert_int_equal(kitchen_locate(f.kitchen, &first_place, &found, NULL), 0); /* absent: ok */
    assert_memory_equal(&found.tag, &nothing.tag, sizeof found.tag);
    assert_memory_equal(found.name, nothing.name, sizeof found.name);
    WIPE(tested);
    assert_int_equal(kitchen_look_up(f.kitchen, 101, &tested, NULL), -ENOENT);
    assert_untouched(&tested, sizeof tested);
    assert_int_equal(kitchen_look_up(f.kitchen, 100, &tested, NULL), 0);
    assert_int_equal(tested.health, 0);
    assert_int_equal(tested.drift, 0);
    end(&f);
}

/* The generated checks of arguments are for all who fill in a request. */
static void a_request_needs_no_results(void **unused)
{
    fixture f;
    const void *const configs[] = {&stove, &burner};
    const uint32_t at[] = {1, 2};
    berth_request request = {.config = configs, .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    begin(&f);
    request.operation = KITCHEN_OPERATION_INSTALL;
    request.at = at;
    assert_int_equal(berth_manager_run((berth_manager *)f.kitchen, &request, NULL), 0);
    request.operation = KITCHEN_OPERATION_ADD_PILOT;
    assert_int_equal(berth_manager_run((berth_manager *)f.kitchen, &request, NULL), 0);
    request.operation = KITCHEN_OPERATION_LOCATE;
    assert_int_equal(berth_manager_run((berth_manager *)f.kitchen, &request, NULL), 0);
    request.operation = KITCHEN_OPERATION_BORROW_BURNER; /* returns one value, a text */
    assert_int_equal(berth_manager_run((berth_manager *)f.kitchen, &request, NULL), 0);
    request.operation = KITCHEN_OPERATION_RETURN_BURNER;
    assert_int_equal(berth_manager_run((berth_manager *)f.kitchen, &request, NULL), 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_creation_returns_all_values_or_none),
        cmocka_unit_test(a_blocking_call_returns_all_values_or_none),
        cmocka_unit_test(a_started_call_returns_all_values_or_none),
        cmocka_unit_test(a_started_call_needs_no_results),
        cmocka_unit_test(a_look_up_returns_all_values_or_none),
        cmocka_unit_test(a_request_needs_no_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
