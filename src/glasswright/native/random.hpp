// Random numbers from a key and a counter alone: Philox4x32-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405). What an atom gets
// depends on seed, step and atom, so that a run is the same for any number of threads and after a restart.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace glasswright {

class Philox {
public:
    // Counters are worked on side by side, for the vector units; GCC unrolls shorter loops instead.
    static constexpr std::size_t lanes = 64;
    struct alignas(64) Block {
        std::uint32_t word[4][lanes];
    };

    explicit Philox(std::uint64_t seed) : seed_(seed) {}

    void scramble(Block &b) const {
        auto key0 = static_cast<std::uint32_t>(seed_), key1 = static_cast<std::uint32_t>(seed_ >> 32);
        for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u)
            for (std::size_t k = 0; k < lanes; ++k) {
                const std::uint32_t a = b.word[0][k], c = b.word[2][k];
                b.word[0][k] = high(0xCD9E8D57u, c) ^ b.word[1][k] ^ key0;
                b.word[1][k] = 0xCD9E8D57u * c;
                b.word[2][k] = high(0xD2511F53u, a) ^ b.word[3][k] ^ key1;
                b.word[3][k] = 0xD2511F53u * a;
            }
    }

private:
    static std::uint32_t high(std::uint32_t a, std::uint32_t b) { return static_cast<std::uint32_t>(std::uint64_t{a} * b >> 32); }

    std::uint64_t seed_;
};

namespace detail {

// Two normal deviates from 64 random bits (Box and Muller 1958, doi 10.1214/aoms/1177706645). Branchless single precision with the
// polynomials of Cephes, so that compilers vectorise the loops around it.
inline std::pair<float, float> normal_pair(std::uint32_t a, std::uint32_t b) {
    // ln u, u in (0, 1]
    const float u = (static_cast<float>(static_cast<std::int32_t>(a >> 1)) + 0.5f) * 0x1p-31f;
    const auto bits = __builtin_bit_cast(std::uint32_t, u);
    // the mantissa lies between sqrt(1/2) and sqrt(2)
    const std::int32_t exponent = static_cast<std::int32_t>(bits - 0x3F3504F3u) >> 23;
    const float x = __builtin_bit_cast(float, bits - (static_cast<std::uint32_t>(exponent) << 23)) - 1.0f, z = x * x;
    float p = 7.0376836292e-2f;
    p = p * x - 1.1514610310e-1f;
    p = p * x + 1.1676998740e-1f;
    p = p * x - 1.2420140846e-1f;
    p = p * x + 1.4249322787e-1f;
    p = p * x - 1.6668057665e-1f;
    p = p * x + 2.0000714765e-1f;
    p = p * x - 2.4999993993e-1f;
    p = p * x + 3.3333331174e-1f;
    const float ln = static_cast<float>(exponent) * 0.69314718056f + (x - 0.5f * z + p * x * z);
    const float radius = std::sqrt(ln < 0.0f ? -2.0f * ln : 0.0f);

    // an angle of b / 2^32 turns: the nearest quarter and the rest
    const std::uint32_t quarter = (b + 0x20000000u) >> 30;
    const float t = static_cast<float>(static_cast<std::int32_t>(b - (quarter << 30))) * 1.4629180792671596e-9f, s = t * t; // 2 pi / 2^32
    const float sine = t + t * s * (-1.6666654611e-1f + s * (8.3321608736e-3f - s * 1.9515295891e-4f));
    const float cosine = 1.0f - 0.5f * s + s * s * (4.166664568298827e-2f + s * (-1.388731625493765e-3f + s * 2.443315711809948e-5f));
    const bool odd = quarter & 1;
    const float c = odd ? sine : cosine, d = odd ? cosine : sine;
    return {radius * (((quarter + 1) & 2) ? -c : c), radius * ((quarter & 2) ? -d : d)};
}

} // namespace detail

// What the numbers of one step are for: no two purposes share a counter.
enum class Purpose : std::uint32_t { atoms, ensemble, trials };

// Three normal deviates for each of up to `Philox::lanes` atoms.
inline void normals(const Philox &random, std::int64_t step, const std::uint32_t *id, std::size_t n, float (&out)[3][Philox::lanes]) {
    Philox::Block b;
    const auto now = static_cast<std::uint64_t>(step);
    for (std::size_t k = 0; k < Philox::lanes; ++k) {
        b.word[0][k] = k < n ? id[k] : 0;
        b.word[1][k] = static_cast<std::uint32_t>(now);
        b.word[2][k] = static_cast<std::uint32_t>(now >> 32);
        b.word[3][k] = static_cast<std::uint32_t>(Purpose::atoms);
    }
    random.scramble(b);
    for (std::size_t k = 0; k < Philox::lanes; ++k) {
        const auto [x, y] = detail::normal_pair(b.word[0][k], b.word[1][k]);
        const auto [z, unused] = detail::normal_pair(b.word[2][k], b.word[3][k]);
        out[0][k] = x, out[1][k] = y, out[2][k] = z;
        static_cast<void>(unused);
    }
}

// The few numbers that a whole system needs in one step.
class Stream {
public:
    Stream(const Philox &random, std::int64_t step) : random_(random), step_(static_cast<std::uint64_t>(step)) {}

    // Between 0 and 1, never 0.
    double uniform() { return (static_cast<double>(next()) + 0.5) * 0x1p-32; }

    double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }

    // Gamma deviates of scale 1 (Marsaglia and Tsang 2000, doi 10.1145/358407.358414).
    double gamma(double shape) {
        if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
        const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
        for (;;) {
            const double x = normal(), v = (1 + c * x) * (1 + c * x) * (1 + c * x);
            if (v > 0 && std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
        }
    }

    // Sum of the squares of n normal deviates.
    double chi_squared(double n) { return n > 0 ? 2 * gamma(0.5 * n) : 0; }

private:
    std::uint32_t next() {
        if (used_ == 4 * Philox::lanes) {
            for (std::size_t k = 0; k < Philox::lanes; ++k) {
                block_.word[0][k] = drawn_++;
                block_.word[1][k] = static_cast<std::uint32_t>(step_);
                block_.word[2][k] = static_cast<std::uint32_t>(step_ >> 32);
                block_.word[3][k] = static_cast<std::uint32_t>(Purpose::ensemble);
            }
            random_.scramble(block_);
            used_ = 0;
        }
        const std::size_t k = used_++;
        return block_.word[k % 4][k / 4];
    }

    Philox random_;
    std::uint64_t step_;
    Philox::Block block_;
    std::size_t used_ = 4 * Philox::lanes;
    std::uint32_t drawn_ = 0;
};

// An endless sequence that can be taken up at any place of it.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : random_(seed) {}

    // How many numbers have been drawn.
    std::uint64_t drawn() const { return drawn_; }
    void go_to(std::uint64_t drawn) {
        drawn_ = drawn;
        if (drawn % size != 0) fill();
    }

    std::uint32_t next() {
        if (drawn_ % size == 0) fill();
        const std::size_t k = drawn_++ % size;
        return block_.word[k / Philox::lanes][k % Philox::lanes];
    }
    // Between 0 and 1, never 0.
    double uniform() { return (static_cast<double>(next()) + 0.5) * 0x1p-32; }
    // Between -1 and 1.
    double symmetric() { return (static_cast<double>(static_cast<std::int32_t>(next())) + 0.5) * 0x1p-31; }
    double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }
    // From 0 to n - 1.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>((std::uint64_t{next()} * n) >> 32); }

private:
    static constexpr std::size_t size = 4 * Philox::lanes;

    void fill() {
        const std::uint64_t first = drawn_ / size * Philox::lanes;
        for (std::size_t k = 0; k < Philox::lanes; ++k) {
            block_.word[0][k] = static_cast<std::uint32_t>(first + k);
            block_.word[1][k] = static_cast<std::uint32_t>((first + k) >> 32);
            block_.word[2][k] = 0;
            block_.word[3][k] = static_cast<std::uint32_t>(Purpose::trials);
        }
        random_.scramble(block_);
    }

    Philox random_;
    Philox::Block block_;
    std::uint64_t drawn_ = 0;
};

} // namespace glasswright
