// Rows (d) and (i): finding by key, and what one row of a table costs.
#include <benchmark/benchmark.h>

#include "../floor/floor.h"
#include "keys.hpp"
#include "stock.hpp"

namespace
{

constexpr std::size_t KEYS = 1024;

template <class Manager> void find(benchmark::State &state)
{
    const Keys keys(KEYS);
    Manager manager;
    Numbers numbers(1);

    for (std::size_t i = 0; i < KEYS; i++)
        manager.hold(keys[i]);
    for (auto _ : state)
        benchmark::DoNotOptimize(manager.find(keys[numbers.next() % KEYS]));
}

class FloorStock
{
  public:
    FloorStock() : least_work(floor_create(&shape))
    {
    }
    ~FloorStock()
    {
        floor_destroy(least_work);
    }
    FloorStock(const FloorStock &) = delete;
    FloorStock &operator=(const FloorStock &) = delete;
    void hold(const char *name)
    {
        uuid_t id;
        floor_reserve(least_work, name, 0, id);
    }
    bool find(const char *name)
    {
        return floor_find(least_work, name);
    }

  private:
    static constexpr floor_shape shape = {.root_size = 160,
                                          .child_size = 0,
                                          .child_key = false,
                                          .record_size = 72,
                                          .root_uuids = 0,
                                          .map_hooks = 0,
                                          .unmap_hooks = 0};
    least *least_work;
};

BENCHMARK(find<Stock>)->Name("find/stock/berth");
BENCHMARK(find<HandStock>)->Name("find/stock/hand-pool");
BENCHMARK(find<FloorStock>)->Name("find/stock/floor");

void one_row(benchmark::State &state)
{
    Stock stock;
    stock.hold("shelf");
    for (auto _ : state)
        stock.touch("shelf");
}

void seventeen_rows(benchmark::State &state)
{
    Stock stock;
    stock.hold("shelf");
    for (auto _ : state)
        stock.touch_often("shelf");
}

BENCHMARK(one_row)->Name("dispatch/1-row");
BENCHMARK(seventeen_rows)->Name("dispatch/17-rows");

} // namespace
