// What one core can do at most: multiply-adds, loads, permutations and gathers per second. Compiled by roofline.py for the very machine.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Float __attribute__((vector_size(4 * lanes)));
typedef std::int32_t Int __attribute__((vector_size(4 * lanes)));

namespace {

// Keeps a value in a register without letting the compiler see through it.
template <class T> inline void opaque(T &value) { asm volatile("" : "+x"(value)); }

template <class Work> double seconds(Work &&work) {
    double best = 1e30;
    for (int k = 0; k < 40; ++k) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (taken.count() < best) best = taken.count();
    }
    return best;
}

} // namespace

extern "C" {

int vector_lanes() { return lanes; }

// Floating-point operations per second of independent multiply-adds.
double multiply_adds() {
    constexpr int chains = 12;
    constexpr long rounds = 50'000;
    const double taken = seconds([] {
        Float x[chains]{}, a = Float{} + 0.999f, b = Float{} + 1e-3f;
        for (long n = 0; n < rounds; ++n) {
#pragma GCC unroll 16
            for (int c = 0; c < chains; ++c) x[c] = x[c] * a + b, opaque(x[c]);
        }
    });
    return 2.0 * lanes * chains * rounds / taken;
}

// Bytes per second read from an array of that size, again and again.
double loads(std::size_t bytes) {
    std::vector<float> data(bytes / 4 + lanes, 1.0f);
    const std::size_t block = 8 * lanes, n = bytes / 4 / block * block, rounds = 1 + (std::size_t{1} << 23) / bytes;
    const double taken = seconds([&] {
        Float sum[8]{};
        for (std::size_t k = 0; k < rounds; ++k)
            for (std::size_t i = 0; i < n; i += block)
#pragma GCC unroll 8
                for (int c = 0; c < 8; ++c) {
                    Float v;
                    std::memcpy(&v, data.data() + i + c * lanes, sizeof v);
                    sum[c] += v;
                    opaque(sum[c]);
                }
    });
    return 4.0 * n * rounds / taken;
}

// Table lookups per second (one per lane) within registers, from a table of two vectors.
double permutations() {
    constexpr int chains = 8;
    constexpr long rounds = 50'000;
    const double taken = seconds([] {
        Float low{}, high{};
        Int index{};
        for (int k = 0; k < lanes; ++k) index[k] = 5 * k % (2 * lanes);
        opaque(index), opaque(low), opaque(high);
        for (long n = 0; n < rounds; ++n) {
#pragma GCC unroll 8
            for (int c = 0; c < chains; ++c) {
                opaque(index);
                Float out = __builtin_shuffle(low, high, index);
                opaque(out);
            }
        }
    });
    return 1.0 * lanes * chains * rounds / taken;
}

// 16-byte records per second fetched by index from an array of that size, a vector's worth at a time and turned into x, y, z, type.
double records(std::size_t bytes) {
    typedef float Record __attribute__((vector_size(16)));
    const std::size_t n = bytes / 16;
    std::vector<Record> data(n, Record{1, 2, 3, 4});
    std::vector<std::uint32_t> index(1 << 14);
    for (std::size_t k = 0; k < index.size(); ++k) index[k] = static_cast<std::uint32_t>((k * 2654435761u) % n);
    constexpr long rounds = 4;
    const double taken = seconds([&] {
        Record sum[4]{};
        for (long r = 0; r < rounds; ++r)
            for (std::size_t k = 0; k < index.size(); k += 4)
#pragma GCC unroll 4
                for (int c = 0; c < 4; ++c) sum[c] += data[index[k + c]], opaque(sum[c]);
    });
    return 1.0 * rounds * index.size() / taken;
}
}
