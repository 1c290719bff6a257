// Energies and forces of pairs of types as piecewise polynomials in r².
//
// With u = r² * scale < 1 the segment follows from the bits of u: its exponent and the first bits of its fraction, so that segments are
// `per_octave` (a power of two) per factor of two in r². `scale` is chosen for each pair of types so that a jump of its force falls on
// the edge of a segment. In a segment the variable t runs from -1 to 1. Below the lowest segment F/r stays what it is there.
#pragma once

#include "simd.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace glasswright {

struct PairTable {
    int types = 0, degree = 0, per_octave = 0, octaves = 0;
    std::vector<double> cutoff, scale; // (types, types) [Å], [1/Å²]; a pair with cutoff 0 does not interact
    // (types, types, octaves * per_octave, degree + 1): F/r [eV/Å²], energy [eV] and, where it is not r² F/r, what a pair adds to the
    // trace of the virial [eV].
    std::vector<double> force, energy, trace;
    std::vector<double> self_energy; // of an atom of each type [eV]

    int segments() const { return octaves * per_octave; }
    int log2_per_octave() const { return std::countr_zero(static_cast<unsigned>(per_octave)); }
    double lowest() const { return std::ldexp(1.0, -octaves); }
    double longest() const { return *std::max_element(cutoff.begin(), cutoff.end()); }

    void check() const {
        const auto require = [](bool sound, const char *what) {
            if (!sound) throw std::invalid_argument(what);
        };
        require(types >= 1 && types <= 256, "Pair tables serve 1 to 256 types of atoms.");
        require(degree >= 1 && degree <= 15, "The degree of a pair table must be 1 to 15.");
        require(per_octave >= 1 && per_octave <= 4096 && std::has_single_bit(static_cast<unsigned>(per_octave)), "Segments per octave must be a power of two up to 4096.");
        require(octaves >= 1 && octaves <= 64, "A pair table must span 1 to 64 octaves.");
        const std::size_t pairs = static_cast<std::size_t>(types) * types, numbers = pairs * segments() * (degree + 1);
        require(cutoff.size() == pairs && scale.size() == pairs, "Cutoffs and scales must be given for every pair of types.");
        require(force.size() == numbers && energy.size() == numbers && (trace.empty() || trace.size() == numbers), "A pair table has the wrong size.");
        for (std::size_t p = 0; p < pairs; ++p)
            require(cutoff[p] >= 0 && scale[p] > 0 && cutoff[p] * cutoff[p] * scale[p] <= 1 && std::isfinite(scale[p]),
                    "Cutoffs must not be negative, scales positive, and scale * cutoff² at most 1.");
        require(longest() > 0, "At least one pair of types must have a cutoff above 0: without one there is nothing to list.");
        require(self_energy.size() == static_cast<std::size_t>(types), "Self-energies must be given for every type.");
        for (const auto *values : {&force, &energy, &trace, &self_energy})
            require(std::all_of(values->begin(), values->end(), [](double v) { return std::isfinite(v); }), "A pair table holds values that are not finite.");
    }
};

// How a kernel reads a table. Each of the three says how numbers are packed, in which segment of a table u falls (`place`) and how a
// function is evaluated there (`Function`).

template <class Real, class Whole> struct Place {
    Whole segment;
    Real t; // the fraction of u less that of the middle of the segment
};

// Cubics whose four coefficients are gathered.
struct GatheredCubics {
    using Real = simd::Float;
    using Number = float;
    static constexpr int coefficients = 4;

    explicit GatheredCubics(const PairTable &table)
        : shift(23 - table.log2_per_octave() - 4), base(std::bit_cast<std::int32_t>(static_cast<float>(table.lowest())) >> shift),
          mask((16 << shift) - 1), width(static_cast<float>(1.0 / table.per_octave)) {}

    Place<simd::Float, simd::Int> place(simd::Float u) const {
        const auto bits = simd::bits_as<simd::Int>(u);
        return {((bits >> shift) & -16) - base, simd::bits_as<simd::Float>((bits & mask) | 0x3f800000) - (1 + width / 2)};
    }
    // Coefficients of the powers of t in the order of memory, from those of a variable that runs from -1 to 1.
    std::vector<float> pack(const double *from, const PairTable &table, double factor) const {
        std::vector<float> packed(static_cast<std::size_t>(table.segments()) * coefficients);
        for (int s = 0; s < table.segments(); ++s)
            for (int k = 0; k <= table.degree; ++k)
                packed[static_cast<std::size_t>(s) * coefficients + k] = static_cast<float>(factor * from[s * (table.degree + 1) + k] * std::pow(2.0 / width, k));
        return packed;
    }

    struct Function {
        const float *from;
        Function(const GatheredCubics &, const float *from) : from(from) {}
        simd::Float operator()(const Place<simd::Float, simd::Int> &p) const {
            std::int32_t offset[simd::lanes];
            simd::store(offset, p.segment);
            simd::Float a, b, c, d;
            simd::gather_rows(from, offset, a, b, c, d);
            return simd::multiply_add(simd::multiply_add(simd::multiply_add(d, p.t, c), p.t, b), p.t, a);
        }
    };

    int shift, base, mask; // segments are counted in bytes: 16 each
    float width;
};

#if defined(GLASSWRIGHT_AVX512)
// The same with 32 segments, all of them in registers: two for every coefficient.
template <int degree> struct InRegisters {
    using Real = simd::Float;
    using Number = float;
    static constexpr int segments = 32, per_octave = 4;
    static bool fits(const PairTable &table) { return table.segments() == segments && table.per_octave == per_octave && table.degree == degree; }

    static constexpr int shift = 21, mask = (1 << shift) - 1;
    static constexpr float width = 0.25f;

    explicit InRegisters(const PairTable &) {}

    Place<simd::Float, simd::Int> place(simd::Float u) const {
        const auto bits = simd::bits_as<simd::Int>(u);
        return {bits >> shift, simd::bits_as<simd::Float>((bits & mask) | 0x3f800000) - (1 + width / 2)};
    }
    std::vector<float> pack(const double *from, const PairTable &table, double factor) const {
        std::vector<float> packed(segments * (degree + 1));
        const int base = std::bit_cast<std::int32_t>(static_cast<float>(table.lowest())) >> shift;
        for (int s = 0; s < segments; ++s)
            for (int k = 0; k <= degree; ++k)
                packed[k * segments + (base + s) % segments] = static_cast<float>(factor * from[s * (degree + 1) + k] * std::pow(2.0 / width, k));
        return packed;
    }

    struct Function {
        simd::Table32 c[degree + 1];
        Function(const InRegisters &, const float *from) : Function(from, std::make_index_sequence<degree + 1>()) {}
        template <std::size_t... k> Function(const float *from, std::index_sequence<k...>) : c{simd::Table32(from + k * segments)...} {}
        simd::Float operator()(const Place<simd::Float, simd::Int> &p) const {
            simd::Float value = c[degree][p.segment];
            for (int k = degree - 1; k >= 0; --k) value = simd::multiply_add(value, p.t, c[k][p.segment]);
            return value;
        }
    };
};
#endif

// In double precision, of any degree.
struct InDouble {
    static constexpr int lanes = simd::double_lanes;
    using Real = simd::Double;
    using Whole = simd::Long;
    using Number = double;

    explicit InDouble(const PairTable &table)
        : degree(table.degree), shift(52 - table.log2_per_octave()), base(std::bit_cast<std::int64_t>(table.lowest()) >> shift),
          mask((std::int64_t{1} << shift) - 1), width(1.0 / table.per_octave) {}

    Place<Real, Whole> place(Real u) const {
        const auto bits = simd::bits_as<Whole>(u);
        return {(bits >> shift) - base, simd::bits_as<Real>((bits & mask) | 0x3ff0000000000000) - (1 + width / 2)};
    }
    std::vector<double> pack(const double *from, const PairTable &table, double factor) const {
        std::vector<double> packed(from, from + static_cast<std::size_t>(table.segments()) * (degree + 1));
        for (std::size_t i = 0; i < packed.size(); ++i) packed[i] *= factor * std::pow(2.0 / width, static_cast<double>(i % (degree + 1)));
        return packed;
    }

    struct Function {
        const double *from;
        int degree;
        Function(const InDouble &table, const double *from) : from(from), degree(table.degree) {}
        Real operator()(const Place<Real, Whole> &p) const {
            const double *row[lanes];
            for (int lane = 0; lane < lanes; ++lane) row[lane] = from + p.segment[lane] * (degree + 1);
            Real value{};
            for (int k = degree; k >= 0; --k) {
                Real c;
                for (int lane = 0; lane < lanes; ++lane) c[lane] = row[lane][k];
                value = value * p.t + c;
            }
            return value;
        }
    };

    int degree, shift;
    std::int64_t base, mask;
    double width;
};

} // namespace glasswright
