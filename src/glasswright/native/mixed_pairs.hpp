// A function of the distance for every pair of types, from pair tables, for neighbours of mixed types.
#pragma once

#include "near_atoms.hpp"
#include "pair_table.hpp"

#include <type_traits>

namespace glasswright {

class MixedPairs {
public:
    // function: coefficients as in the table, such as those of its energies.
    MixedPairs(const PairTable &table, const std::vector<double> &function) : types_(table.types), row_(table.types + 1), fine_(refined(table, function)), cubics_(fine_) {
        const std::size_t pairs = static_cast<std::size_t>(types_) * types_, numbers = static_cast<std::size_t>(fine_.segments()) * 4;
        if (pairs * numbers * sizeof(float) > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("Pair tables are too large for Monte Carlo.");
        lowest_ = static_cast<float>(table.lowest());
        scale_ = by_type(1), limit_ = by_type(0);
        std::vector<float> offset = by_type(0);
        for (std::size_t p = 0; p < pairs; ++p) {
            const auto packed = cubics_.pack(&fine_.energy[p * numbers], fine_, 1);
            coefficients_.insert(coefficients_.end(), packed.begin(), packed.end());
            scale_[place(p)] = static_cast<float>(table.scale[p]), limit_[place(p)] = static_cast<float>(table.cutoff[p] * table.cutoff[p] * table.scale[p]);
            offset[place(p)] = std::bit_cast<float>(static_cast<std::int32_t>(p * numbers * sizeof(float)));
        }
        offset_ = offset;
        fine_.energy.clear();
        require_finite(coefficients_), require_finite(scale_), require_finite(limit_);
    }

    int types() const { return types_; }
    float lowest() const { return lowest_; }

    // A number for every two types, in rows by the first, with one more for what takes no part and room for a vector.
    std::vector<float> by_type(float value) const { return std::vector<float>(static_cast<std::size_t>(types_) * row_ + few, value); }
    std::size_t place(std::size_t pair) const { return pair / types_ * row_ + pair % types_; }
    static void require_finite(const std::vector<float> &values) {
        if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) throw std::invalid_argument("Pair tables exceed single precision.");
    }

    // What is looked up for the type of an atom, from `by_type`.
    template <bool in_register> struct Lookup {
        std::conditional_t<in_register, simd::Table16, const float *> table;
        explicit Lookup(const float *from) : table(from) {}
        simd::Float operator[](simd::Int type) const {
            if constexpr (in_register) return table[type];
            else {
                simd::Float found;
                for (int lane = 0; lane < simd::lanes; ++lane) found[lane] = table[type[lane]];
                return found;
            }
        }
    };

    // Calls use(k, value, u, types) for vectors of neighbours of an atom, the first of them number k: the function, 0 beyond the cutoff
    // and behind the end; u = r² scale. r2 and types have room for a vector behind the end.
    template <class Use> void each(std::int32_t type, const std::int32_t *r2, const std::int32_t *types, std::size_t n, Use &&use) const {
        row_ <= few ? each<true>(type, r2, types, n, use) : each<false>(type, r2, types, n, use);
    }
    std::size_t first(std::int32_t type) const { return static_cast<std::size_t>(type) * row_; }

private:
    static constexpr int few = 16; // types that are looked up in a register
    static constexpr int least_per_octave = 64;

    template <bool in_register, class Use> void each(std::int32_t type, const std::int32_t *r2, const std::int32_t *types, std::size_t n, Use &&use) const {
        using namespace simd;
        const Lookup<in_register> scale(&scale_[first(type)]), limit(&limit_[first(type)]), offset(&offset_[first(type)]);
        const Float lowest = broadcast<Float>(lowest_), highest = broadcast<Float>(1 - std::numeric_limits<float>::epsilon() / 2);
        const GatheredCubics cubics = cubics_;
        const float *const coefficients = coefficients_.data();
        for (std::size_t k = 0; k < n; k += lanes) {
            const Int b = load<Int>(types + k);
            const Float u = load<Float>(r2 + k) * scale[b];
            const auto place = cubics.place(greatest(least(u, highest), lowest));
            std::int32_t row[lanes];
            store(row, place.segment + bits_as<Int>(offset[b]));
            Float c0, c1, c2, c3;
            gather_rows(coefficients, row, c0, c1, c2, c3);
            const Float value = multiply_add(multiply_add(multiply_add(c3, place.t, c2), place.t, c1), place.t, c0);
            const Mask inside = both(less(u, limit[b]), first_lanes(static_cast<int>(std::min<std::size_t>(n - k, lanes))));
            use(k, keep(inside, value), u, b);
        }
    }

    static double polynomial(const double *c, int degree, double t) {
        double value = 0;
        for (int k = degree; k >= 0; --k) value = value * t + c[k];
        return value;
    }
    // The same function in cubics, in more segments where there were powers beyond.
    static PairTable refined(const PairTable &table, const std::vector<double> &function) {
        table.check();
        PairTable fine;
        fine.types = table.types, fine.degree = 3, fine.octaves = table.octaves;
        fine.per_octave = table.degree <= 3 ? table.per_octave : std::max(table.per_octave, least_per_octave);
        const int parts = fine.per_octave / table.per_octave;
        const std::size_t segments = static_cast<std::size_t>(table.types) * table.types * table.segments();
        for (std::size_t s = 0; s < segments; ++s)
            for (int part = 0; part < parts; ++part) {
                const double *from = &function[s * (table.degree + 1)];
                std::array<double, 4> c{};
                if (table.degree <= 3) std::copy_n(from, table.degree + 1, c.begin());
                else {
                    // Through four Chebyshev points of the part.
                    constexpr double outer = 0.92387953251128674, inner = 0.38268343236508977, difference = outer * outer - inner * inner;
                    const auto at = [&](double t) { return polynomial(from, table.degree, (2 * part + 1 + t) / parts - 1); };
                    const double a = at(outer), b = at(inner), d = at(-inner), e = at(-outer);
                    c[2] = ((a + e) - (b + d)) / (2 * difference), c[0] = (b + d) / 2 - c[2] * inner * inner;
                    c[3] = ((a - e) / outer - (b - d) / inner) / (2 * difference), c[1] = (b - d) / (2 * inner) - c[3] * inner * inner;
                }
                fine.energy.insert(fine.energy.end(), c.begin(), c.end());
            }
        return fine;
    }

    int types_, row_;
    PairTable fine_;
    GatheredCubics cubics_;
    float lowest_;
    std::vector<float> scale_, limit_, offset_; // by type; offsets of coefficients are integers, counted in bytes
    std::vector<float> coefficients_;
};

} // namespace glasswright
