// Contention with hooks that take no time: how often threads that do nothing else get through, in
// one manager.
//
// The threads run for a while, from a common start to a common end, and what they did is counted: a
// time per thread would leave out those that the scheduler has not let begin. `cpu_ns` is processor
// time per operation, of all threads: on a busy machine it tells more than the throughput.
#include <atomic>
#include <barrier>
#include <benchmark/benchmark.h>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contenders.hpp"
#include "keys.hpp"
#include "stock.hpp"

namespace
{

using Ours = plan9_mount_case::Berth;
using Theirs = plan9_mount_case::Hand<Source::pool>;

constexpr std::chrono::milliseconds WHILE{40};

std::string key_of(int thread)
{
    return "/srv/images/layer-" + std::to_string(10000000 + thread);
}

double processor_seconds()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Every thread has a root of its own, that comes and goes.
template <class Manager> class Roots
{
  public:
    Roots() : manager(backend)
    {
    }
    class Thread
    {
      public:
        Thread(Roots &roots, int number) : manager(roots.manager), key(key_of(number))
        {
        }
        void once()
        {
            manager.reserve(key.c_str(), 1, id);
            manager.map(id, true);
            manager.unmap(id, true);
        }

      private:
        Manager &manager;
        const std::string key;
        uuid_t id;
    };

  private:
    Backend backend;
    Manager manager;
};

// Look-ups of the same thousand names. One operation in EVERY is a root that comes and goes; with
// EVERY 0 there are none, and with EVERY 1 the first thread does nothing else and the others only
// look.
template <class Manager, unsigned EVERY> class LookUps
{
  public:
    LookUps() : keys(1000)
    {
        for (std::size_t i = 0; i < keys.size(); i++)
            manager.hold(keys[i]);
    }
    class Thread
    {
      public:
        Thread(LookUps &table, int number)
            : table(table), key(key_of(number)), numbers(static_cast<std::uint64_t>(number) + 1),
              changes(EVERY != 1 || number == 0)
        {
        }
        void once()
        {
            if (EVERY > 0 && changes && ++done % EVERY == 0) {
                table.manager.hold(key.c_str());
                table.manager.release(key.c_str());
            } else {
                benchmark::DoNotOptimize(
                    table.manager.find(table.keys[numbers.next() % table.keys.size()]));
            }
        }

      private:
        LookUps &table;
        const std::string key;
        Numbers numbers;
        unsigned done = 0;
        const bool changes;
    };

  private:
    const Keys keys;
    Manager manager;
};

template <class Work> void crowd(benchmark::State &state)
{
    using Clock = std::chrono::steady_clock;
    const auto work = std::make_unique<Work>();
    const int count = static_cast<int>(state.range(0));

    for (auto _ : state) {
        std::atomic<bool> over = false;
        std::vector<long> done(static_cast<std::size_t>(count));
        std::vector<std::thread> threads;
        std::barrier start(count + 1);
        long all = 0;

        for (int i = 0; i < count; i++) {
            threads.emplace_back([&, i] {
                typename Work::Thread thread(*work, i);
                long n = 0;
                start.arrive_and_wait();
                for (; !over.load(std::memory_order_relaxed); n++)
                    thread.once();
                done[static_cast<std::size_t>(i)] = n;
            });
        }
        const Clock::time_point begin = Clock::now();
        const double before = processor_seconds();
        start.arrive_and_wait();
        std::this_thread::sleep_for(WHILE);
        over = true;
        for (std::thread &thread : threads)
            thread.join();
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        for (const long n : done)
            all += n;
        state.SetIterationTime(seconds);
        state.SetItemsProcessed(all);
        state.counters["cpu_ns"] = (processor_seconds() - before) / static_cast<double>(all) * 1e9;
        state.counters["first"] = static_cast<double>(done[0]) / seconds; // operations per second
                                                                          // of the first thread
    }
}

void by_threads(benchmark::internal::Benchmark *benchmark)
{
    for (const int count : {1, 2, 4, 16, 64})
        benchmark->Arg(count);
    benchmark->UseManualTime()->Iterations(1);
}

BENCHMARK(crowd<Roots<Ours>>)->Name("contention/roots/berth")->Apply(by_threads);
BENCHMARK(crowd<Roots<Theirs>>)->Name("contention/roots/one-mutex")->Apply(by_threads);
BENCHMARK(crowd<LookUps<Stock, 0>>)->Name("contention/look-ups/berth")->Apply(by_threads);
BENCHMARK(crowd<LookUps<HandStock, 0>>)->Name("contention/look-ups/one-mutex")->Apply(by_threads);
BENCHMARK(crowd<LookUps<Stock, 1000>>)->Name("contention/changes-1000/berth")->Apply(by_threads);
BENCHMARK(crowd<LookUps<HandStock, 1000>>)
    ->Name("contention/changes-1000/one-mutex")
    ->Apply(by_threads);
BENCHMARK(crowd<LookUps<Stock, 100>>)->Name("contention/changes-100/berth")->Apply(by_threads);
BENCHMARK(crowd<LookUps<HandStock, 100>>)
    ->Name("contention/changes-100/one-mutex")
    ->Apply(by_threads);
BENCHMARK(crowd<LookUps<Stock, 10>>)->Name("contention/changes-10/berth")->Apply(by_threads);
BENCHMARK(crowd<LookUps<HandStock, 10>>)
    ->Name("contention/changes-10/one-mutex")
    ->Apply(by_threads);
BENCHMARK(crowd<LookUps<Stock, 1>>)->Name("contention/one-changes/berth")->Apply(by_threads);
BENCHMARK(crowd<LookUps<HandStock, 1>>)
    ->Name("contention/one-changes/one-mutex")
    ->Apply(by_threads);

} // namespace
