// specs/stock.yaml with nothing but what the benchmarks call.
#pragma once

#include <cstdlib>

#include "../hand/stock.h"
#include "stock.h"

class Stock
{
  public:
    explicit Stock(const berth_config *config = nullptr)
    {
        const stock_backend hooks = {
            .version = STOCK_BACKEND_VERSION,
            .ctx = nullptr,
            .house = {.sweep = [](void *, berth_call *, const stock_box *) { return 0; }},
        };
        check(stock_create(nullptr, &hooks, config, &manager, nullptr));
    }
    ~Stock()
    {
        check(stock_discard(manager));
        check(stock_destroy(manager, nullptr));
    }
    Stock(const Stock &) = delete;
    Stock &operator=(const Stock &) = delete;

    void hold(const char *name)
    {
        const stock_shelf_config shelf = {.name = name};
        uint32_t number;
        check(stock_hold(manager, &shelf, &number, nullptr));
    }
    void release(const char *name)
    {
        const stock_shelf_config shelf = {.name = name};
        check(stock_release(manager, &shelf, nullptr));
    }
    uint32_t find(const char *name)
    {
        const stock_shelf_config shelf = {.name = name};
        uint32_t number;
        check(stock_find(manager, &shelf, &number, nullptr));
        return number;
    }
    void touch(const char *name)
    {
        const stock_shelf_config shelf = {.name = name};
        check(stock_touch(manager, &shelf, nullptr));
    }
    void touch_often(const char *name)
    {
        const stock_shelf_config shelf = {.name = name};
        check(stock_touch_often(manager, &shelf, nullptr));
    }
    void reserve(const char *name, uint64_t box, uuid_t id)
    {
        const stock_shelf_config shelf = {.name = name};
        const stock_box_config config = {.number = box};
        check(stock_reserve(manager, &shelf, &config, id, nullptr));
    }
    void leave(const uuid_t id)
    {
        check(stock_leave(manager, id, nullptr));
    }
    void drain()
    {
        check(stock_drain(manager, BERTH_NO_DEADLINE, nullptr));
    }

  private:
    static void check(int result)
    {
        if (result != 0)
            std::abort();
    }
    stock *manager;
};

class HandStock
{
  public:
    HandStock() : manager(hand_stock_create())
    {
    }
    ~HandStock()
    {
        hand_stock_destroy(manager);
    }
    HandStock(const HandStock &) = delete;
    HandStock &operator=(const HandStock &) = delete;

    void hold(const char *name)
    {
        uint32_t number;
        if (hand_stock_hold(manager, name, &number) != 0)
            std::abort();
    }
    void release(const char *name)
    {
        if (hand_stock_release(manager, name) != 0)
            std::abort();
    }
    uint32_t find(const char *name)
    {
        uint32_t number;
        if (hand_stock_find(manager, name, &number) != 0)
            std::abort();
        return number;
    }

  private:
    hand_stock *manager;
};
