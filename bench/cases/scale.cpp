// Row (h): very many roots, children, holders; memory; draining.
#include <benchmark/benchmark.h>
#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "contenders.hpp"
#include "counter.hpp"
#include "keys.hpp"
#include "stock.hpp"

namespace
{

constexpr long THOUSAND = 1000, MILLION = 1000000, MANY = 100000;

// Made once and kept, since a million of anything takes a while.
template <class Manager> class Filled
{
  public:
    explicit Filled(std::size_t count) : keys(count + 1024), tracked(count)
    {
        for (std::size_t i = 0; i < count; i++)
            manager.hold(keys[i]);
    }
    static Filled &of(long count)
    {
        static std::map<long, std::unique_ptr<Filled>> all;
        std::unique_ptr<Filled> &one = all[count];
        if (!one)
            one = std::make_unique<Filled>(static_cast<std::size_t>(count));
        return *one;
    }
    const Keys keys;
    const std::size_t tracked;
    Manager manager;
};

template <class Manager> void come_and_go(benchmark::State &state)
{
    Filled<Manager> &filled = Filled<Manager>::of(state.range(0));
    std::size_t i = 0;

    for (auto _ : state) {
        const char *key = filled.keys[filled.tracked + i++ % 1024];
        filled.manager.hold(key);
        filled.manager.release(key);
    }
}

template <class Manager> void find(benchmark::State &state)
{
    Filled<Manager> &filled = Filled<Manager>::of(state.range(0));
    Numbers numbers(1);

    for (auto _ : state)
        benchmark::DoNotOptimize(filled.manager.find(filled.keys[numbers.next() % filled.tracked]));
}

#define COUNTS Arg(THOUSAND)->Arg(MANY)->Arg(MILLION)
BENCHMARK(come_and_go<Stock>)->Name("scale/come-and-go/berth")->COUNTS;
BENCHMARK(come_and_go<HandStock>)->Name("scale/come-and-go/hand")->COUNTS;
BENCHMARK(find<Stock>)->Name("scale/find/berth")->COUNTS;
BENCHMARK(find<HandStock>)->Name("scale/find/hand")->COUNTS;

// A full cycle with as many devices reserved and added.
class Devices
{
  public:
    explicit Devices(std::size_t count) : manager(backend), keys(count + 1024), tracked(count)
    {
        uuid_t id;
        for (std::size_t i = 0; i < count; i++) {
            manager.reserve(keys[i], 1, id);
            manager.map(id, true);
        }
    }
    static Devices &of(long count)
    {
        static std::map<long, std::unique_ptr<Devices>> all;
        std::unique_ptr<Devices> &one = all[count];
        if (!one)
            one = std::make_unique<Devices>(static_cast<std::size_t>(count));
        return *one;
    }
    Backend backend;
    vpci_case::Berth manager;
    const Keys keys;
    const std::size_t tracked;
};

void cycle(benchmark::State &state)
{
    Devices &devices = Devices::of(state.range(0));
    std::size_t i = 0;
    uuid_t id;

    for (auto _ : state) {
        devices.manager.reserve(devices.keys[devices.tracked + i++ % 1024], 1, id);
        devices.manager.map(id, true);
        devices.manager.unmap(id, true);
    }
}
BENCHMARK(cycle)->Name("scale/cycle/berth")->COUNTS;

// One root with many children, and one child with many holders.
template <bool CHILDREN> void crowd(benchmark::State &state)
{
    static std::map<long, std::unique_ptr<Stock>> all;
    std::unique_ptr<Stock> &stock = all[state.range(0)];
    const auto count = static_cast<std::uint64_t>(state.range(0));
    uuid_t id;

    if (!stock) {
        stock = std::make_unique<Stock>();
        for (std::uint64_t i = 0; i < count; i++)
            stock->reserve("shelf", CHILDREN ? i : 0, id);
    }
    for (auto _ : state) {
        stock->reserve("shelf", CHILDREN ? count : 0, id);
        stock->leave(id);
    }
}
BENCHMARK(crowd<true>)->Name("scale/children/berth")->Arg(THOUSAND)->Arg(MANY);
BENCHMARK(crowd<false>)->Name("scale/holders/berth")->Arg(THOUSAND)->Arg(MANY);

// Bytes; times of filling and draining.
double seconds()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void million(benchmark::State &state)
{
    const auto count = static_cast<std::size_t>(MILLION);
    const Keys keys(count);
    double fill = 0, drain = 0;
    std::size_t bytes = 0;

    for (auto _ : state) {
        Counter counter;
        Stock stock(&counter.config);
        const double begin = seconds();
        for (std::size_t i = 0; i < count; i++)
            stock.hold(keys[i]);
        fill = seconds() - begin;
        bytes = counter.bytes;
        const double full = seconds();
        stock.drain();
        drain = seconds() - full;
    }
    state.counters["fill_ns"] = fill * 1e9 / static_cast<double>(count);
    state.counters["drain_ns"] = drain * 1e9 / static_cast<double>(count);
    state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(count) - 27; // the
        // name's
        // 26
        // bytes
        // and
        // its
        // NUL
}
BENCHMARK(million)->Name("scale/million/berth")->Iterations(1)->Repetitions(3);

void memory(benchmark::State &state)
{
    const auto count = static_cast<std::size_t>(MANY);
    double child = 0, reservation = 0;
    uuid_t id;

    for (auto _ : state) {
        Counter counter;
        Stock stock(&counter.config);
        stock.reserve("shelf", 0, id);
        const std::size_t begin = counter.bytes;
        for (std::size_t i = 0; i < count; i++)
            stock.reserve("shelf", 0, id);
        const std::size_t holders = counter.bytes;
        for (std::size_t i = 1; i <= count; i++)
            stock.reserve("shelf", i, id);
        reservation = static_cast<double>(holders - begin) / static_cast<double>(count);
        child =
            static_cast<double>(counter.bytes - holders) / static_cast<double>(count) - reservation;
    }
    state.counters["reservation_bytes"] = reservation;
    state.counters["child_bytes"] = child;
}
BENCHMARK(memory)->Name("scale/memory/berth")->Iterations(1)->Repetitions(1);

} // namespace
