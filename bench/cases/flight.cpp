// Row (g): very many started operations at a time, all waiting for their hooks to be completed.
#include <array>
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <vector>

#include "contenders.hpp"
#include "counter.hpp"
#include "keys.hpp"

namespace
{

constexpr std::size_t COUNT = 100000;

struct Flight {
    std::vector<berth_token> tokens; // of hooks that wait
    std::size_t done = 0;
};

int pending(void *ctx, berth_call *call, const vpci_device *)
{
    static_cast<Flight *>(ctx)->tokens.push_back(berth_call_token(call));
    return BERTH_PENDING;
}

void ended(void *arg, int code)
{
    must(code);
    static_cast<Flight *>(arg)->done++;
}

double nanoseconds()
{
    return std::chrono::duration<double, std::nano>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void in_flight(benchmark::State &state)
{
    const Keys keys(COUNT);
    const double count = COUNT;
    double all = 0, own = 0, start = 0, complete = 0;

    for (auto _ : state) {
        Counter counter;
        Flight flight;
        vpci *manager;
        std::vector<std::array<unsigned char, 16>> ids(COUNT);
        const vpci_backend hooks = {.version = VPCI_BACKEND_VERSION,
                                    .ctx = &flight,
                                    .vm = {.add_device = pending, .remove_device = pending},
                                    .guest = {.add_vpci_device = nullptr}};

        must(vpci_create(nullptr, &hooks, &counter.config, &manager, nullptr));
        flight.tokens.reserve(COUNT);
        const std::size_t empty = counter.bytes;
        for (std::size_t i = 0; i < COUNT; i++) {
            const vpci_device_config device = {.device_instance_id = keys[i],
                                               .virtual_function_index = 0};
            must(vpci_reserve(manager, &device, ids[i].data(), nullptr, nullptr));
        }
        const std::size_t reserved = counter.bytes;
        const double begin = nanoseconds();
        for (std::size_t i = 0; i < COUNT; i++)
            must(vpci_add_to_vm_start(manager, nullptr, ids[i].data(), BERTH_NO_DEADLINE, nullptr,
                                      ended, &flight));
        start = nanoseconds() - begin;
        own = static_cast<double>(counter.bytes - reserved) / count;
        all = static_cast<double>(counter.bytes - empty) / count;
        const double middle = nanoseconds();
        for (const berth_token &token : flight.tokens)
            must(berth_complete(token, 0, nullptr, 0));
        complete = nanoseconds() - middle;
        if (flight.done != COUNT)
            std::abort();
        must(vpci_discard(manager));
        must(vpci_destroy(manager, nullptr));
    }
    state.counters["bytes"] = own;
    state.counters["bytes_with_device"] = all;
    state.counters["start_ns"] = start / count;
    state.counters["complete_ns"] = complete / count;
}

BENCHMARK(in_flight)->Name("in-flight/vpci/berth")->Iterations(1)->Repetitions(3);

} // namespace
