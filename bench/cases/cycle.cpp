// Rows (a), (b) and (c): a full cycle on distinct keys, on a key that others hold, and an add where
// nothing is left to do.
#include <atomic>
#include <benchmark/benchmark.h>

#include "contenders.hpp"
#include "keys.hpp"

namespace
{

constexpr std::size_t KEYS = 1024;

template <class Manager> void distinct(benchmark::State &state)
{
    Backend backend;
    Manager manager(backend);
    const Keys keys(KEYS);
    std::size_t i = 0;
    uuid_t id;

    for (auto _ : state) {
        manager.reserve(keys[i++ % KEYS], 1, id);
        manager.map(id, true);
        manager.unmap(id, true);
    }
}

template <class Manager> void held(benchmark::State &state)
{
    Backend backend;
    Manager manager(backend);
    const Keys keys(1);
    uuid_t other, id;

    manager.reserve(keys[0], 1, other);
    manager.map(other, true);
    for (auto _ : state) {
        manager.reserve(keys[0], 1, id);
        manager.map(id, false);
        manager.unmap(id, false);
    }
    manager.unmap(other, true);
}

template <class Manager> void add_ready(benchmark::State &state)
{
    Backend backend;
    Manager manager(backend);
    const Keys keys(1);
    uuid_t id;

    manager.reserve(keys[0], 1, id);
    manager.map(id, true);
    for (auto _ : state)
        manager.map(id, false);
    manager.unmap(id, true);
}

#define CASES(row, manager)                                                                        \
    BENCHMARK(row<manager##_case::Berth>)->Name(#row "/" #manager "/berth");                       \
    BENCHMARK(row<manager##_case::Hand<Source::libuuid>>)                                          \
        ->Name(#row "/" #manager "/hand-libuuid");                                                 \
    BENCHMARK(row<manager##_case::Hand<Source::pool>>)->Name(#row "/" #manager "/hand-pool");      \
    BENCHMARK(row<Floor<manager##_floor>>)->Name(#row "/" #manager "/floor")

CASES(distinct, plan9_mount);
CASES(distinct, scsi);
CASES(distinct, vpci);
CASES(held, plan9_mount);
CASES(held, scsi);
CASES(held, vpci);
CASES(add_ready, vpci);

} // namespace
