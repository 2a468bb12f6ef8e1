// A large set of names that is given again: in the same order, and in another one.
#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <vector>

#include "contenders.hpp"
#include "keys.hpp"

namespace
{

// Holds a share with these names, and lets go of it again.
void once(plan9_mount *manager, const std::vector<const char *> &names)
{
    const plan9_mount_share_config share = {
        .host_path = "/srv/share",
        .read_only = true,
        .restrict_ = true,
        .allowed_names = {.items = names.data(), .count = static_cast<uint32_t>(names.size())},
    };
    const plan9_mount_mount_config mount = {.read_only = true};
    uuid_t id;

    must(plan9_mount_reserve(manager, &share, &mount, id, nullptr));
    must(plan9_mount_unmap_from_guest(manager, id, nullptr));
}

template <bool REVERSED> void sets(benchmark::State &state)
{
    Backend backend;
    plan9_mount_case::Berth berth(backend);
    const auto count = static_cast<std::size_t>(state.range(0));
    const Keys keys(count, "name-%08zu");
    std::vector<const char *> names;
    uuid_t held;

    for (std::size_t i = 0; i < count; i++)
        names.push_back(keys[i]);
    const plan9_mount_share_config share = {
        .host_path = "/srv/share",
        .read_only = true,
        .restrict_ = true,
        .allowed_names = {.items = names.data(), .count = static_cast<uint32_t>(count)},
    };
    const plan9_mount_mount_config mount = {.read_only = true};
    must(plan9_mount_reserve(berth.manager, &share, &mount, held, nullptr));
    if (REVERSED)
        std::reverse(names.begin(), names.end());
    for (auto _ : state)
        once(berth.manager, names);
}

BENCHMARK(sets<false>)->Name("sets/same-order")->Arg(100)->Arg(1000)->Arg(10000);
BENCHMARK(sets<true>)->Name("sets/other-order")->Arg(100)->Arg(1000)->Arg(10000);

} // namespace
