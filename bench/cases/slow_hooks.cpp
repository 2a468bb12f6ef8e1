// Row (e): many threads, and hooks that take their time.
#include <barrier>
#include <benchmark/benchmark.h>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "contenders.hpp"

namespace
{

constexpr int THREADS = 64;
constexpr long MILLISECOND = 1000000;

using Ours = plan9_mount_case::Berth;
using Theirs = plan9_mount_case::Hand<Source::pool>;

// Every thread has roots of its own, and adding one takes a millisecond. Timed from the first
// thread's start to the last one's end.
template <class Manager, int COUNT, int CYCLES> void slow_hooks(benchmark::State &state)
{
    using Clock = std::chrono::steady_clock;
    Backend backend;
    double seconds = 0;

    backend.sleep_ns = MILLISECOND;
    for (auto _ : state) {
        Manager manager(backend);
        std::vector<std::thread> threads;
        std::barrier start(COUNT + 1);

        for (int i = 0; i < COUNT; i++) {
            threads.emplace_back([&, i] {
                const std::string key = "/srv/images/layer-" + std::to_string(10000000 + i);
                uuid_t id;
                start.arrive_and_wait();
                for (int cycle = 0; cycle < CYCLES; cycle++) {
                    manager.reserve(key.c_str(), 1, id);
                    manager.map(id, true);
                    manager.unmap(id, true);
                }
            });
        }
        const Clock::time_point begin = Clock::now();
        start.arrive_and_wait();
        for (std::thread &thread : threads)
            thread.join();
        seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        state.SetIterationTime(seconds);
    }
    state.SetItemsProcessed(state.iterations() * COUNT * CYCLES);
}

BENCHMARK(slow_hooks<Ours, THREADS, 100>)->Name("slow-hooks/berth")->UseManualTime()->Iterations(1);
BENCHMARK(slow_hooks<Theirs, THREADS, 3>)
    ->Name("slow-hooks/one-mutex")
    ->UseManualTime()
    ->Iterations(1);

// 400 cycles: figures for managers written in Go are known for these.
BENCHMARK(slow_hooks<Ours, 8, 50>)
    ->Name("400-slow-cycles/8-threads/berth")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(slow_hooks<Ours, 1, 400>)
    ->Name("400-slow-cycles/1-thread/berth")
    ->UseManualTime()
    ->Iterations(1);

} // namespace
