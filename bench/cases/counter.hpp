// An allocator that counts what is in use. For one thread.
#pragma once

#include <cstddef>
#include <cstdlib>

#include <berth/berth.h>

class Counter
{
  public:
    std::size_t bytes = 0;
    berth_allocator allocator = {.alloc = take, .release = give, .ctx = this};
    berth_config config = {.allocator = &allocator};

  private:
    static void *take(void *ctx, std::size_t size)
    {
        static_cast<Counter *>(ctx)->bytes += size;
        return std::malloc(size);
    }
    static void give(void *ctx, void *memory, std::size_t size)
    {
        static_cast<Counter *>(ctx)->bytes -= size;
        std::free(memory);
    }
};
