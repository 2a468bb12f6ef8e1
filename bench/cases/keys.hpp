// Keys of one length, made before anything is measured.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

class Keys
{
  public:
    explicit Keys(std::size_t count, const char *format = "/srv/images/layer-%08zu") : texts(count)
    {
        for (std::size_t i = 0; i < count; i++)
            std::snprintf(texts[i].text, sizeof texts[i].text, format, i);
    }
    const char *operator[](std::size_t i) const
    {
        return texts[i].text;
    }
    std::size_t size() const
    {
        return texts.size();
    }

  private:
    struct Text {
        char text[40];
    };
    std::vector<Text> texts;
};

// A fast sequence of numbers without a pattern that a processor could learn.
class Numbers
{
  public:
    explicit Numbers(std::uint64_t seed) : state(seed * 0x9e3779b97f4a7c15U + 1)
    {
    }
    std::uint64_t next()
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }

  private:
    std::uint64_t state;
};
