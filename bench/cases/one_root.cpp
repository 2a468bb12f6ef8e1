// Row (f): 64 threads call for the same root, and the hook that adds it takes a millisecond. When
// do the first and the last of them return, from the end of the hook on?
//
// The threads are started before. In each round the first thread is inside the hook before the
// others call, and the hook begins to sleep when all of them have called. So all of them wait when
// it ends.
#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <benchmark/benchmark.h>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "contenders.hpp"

namespace
{

using Clock = std::chrono::steady_clock;

constexpr int THREADS = 64;
constexpr int ROUNDS = 25;
constexpr long MILLISECOND = 1000000;

// A hook that returns a millisecond after all threads have called.
struct Crowd : Backend {
    std::barrier<> inside{THREADS};
    std::atomic<int> called{0};
    Clock::time_point end;

    Crowd()
    {
        sleep_ns = MILLISECOND;
    }
    int add() override
    {
        inside.arrive_and_wait();
        while (called < THREADS - 1)
            std::this_thread::yield();
        const int result = Backend::add();
        end = Clock::now();
        return result;
    }
};

double microseconds(Clock::duration time)
{
    return std::chrono::duration<double, std::micro>(time).count();
}

double median(std::vector<double> &values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

template <class Manager> void one_root(benchmark::State &state)
{
    std::vector<double> first, last, owner;
    long calls = 0;

    for (auto _ : state) {
        Crowd crowd;
        Manager manager(crowd);
        std::array<Clock::time_point, THREADS> returned;
        std::barrier<> round(THREADS);
        std::vector<std::thread> threads;

        for (int i = 0; i < THREADS; i++) {
            threads.emplace_back([&, i] {
                for (int n = 0; n < ROUNDS; n++) {
                    uuid_t id;
                    manager.reserve("/srv/images/layer", 1, id);
                    round.arrive_and_wait();
                    if (i > 0) {
                        crowd.inside.arrive_and_wait();
                        crowd.called++;
                    }
                    manager.map(id, true);
                    returned[static_cast<std::size_t>(i)] = Clock::now();
                    round.arrive_and_wait();
                    manager.unmap(id, true);
                    if (i == 0) {
                        first.push_back(microseconds(
                            *std::min_element(returned.begin(), returned.end()) - crowd.end));
                        last.push_back(microseconds(
                            *std::max_element(returned.begin(), returned.end()) - crowd.end));
                        owner.push_back(microseconds(returned[0] - crowd.end));
                        crowd.called = 0;
                    }
                    round.arrive_and_wait();
                }
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        calls = std::max(calls, crowd.adds / ROUNDS);
    }
    state.counters["calls"] = static_cast<double>(calls);
    state.counters["first_us"] = median(first);
    state.counters["last_us"] = median(last);
    state.counters["caller_us"] = median(owner); // whose hook it was
}

BENCHMARK(one_root<plan9_mount_case::Berth>)->Name("one-root/berth")->UseRealTime()->Iterations(1);
BENCHMARK(one_root<plan9_mount_case::Hand<Source::pool>>)
    ->Name("one-root/one-mutex")
    ->UseRealTime()
    ->Iterations(1);

} // namespace
