// Runs the cases. Repetitions of all of them are mixed at random, because machines are noisy; the
// report takes medians.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

// The C library skips atomic operations in locks and malloc while a process has never had a second
// thread. Whoever needs a lock has one.
static void be_threaded()
{
    std::thread([] {}).join();
}

int main(int argc, char **argv)
{
    be_threaded();

    std::vector<std::string> texts = {argv[0], "--benchmark_enable_random_interleaving=true",
                                      "--benchmark_repetitions=9", "--benchmark_min_time=0.05"};
    std::vector<char *> arguments;

    for (int i = 1; i < argc; i++)
        texts.emplace_back(argv[i]); // what the caller says comes last and wins
    for (std::string &text : texts)
        arguments.push_back(text.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
        return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
