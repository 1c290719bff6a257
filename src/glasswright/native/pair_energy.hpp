// Energies of pairs of atoms from the tables of the molecular dynamics, for neighbours of mixed types.
//
// Every pair is rounded to a multiple of 2^-28 eV (4e-9 eV): sums of up to 3e7 eV are then exact, whatever their order, so that what
// trials add up to is what a full count gives, and a simulation that goes on from a saved state repeats itself to the last bit.
#pragma once

#include "near_atoms.hpp"
#include "pair_table.hpp"

namespace glasswright {

class PairEnergy {
public:
    explicit PairEnergy(const PairTable &table) : types_(table.types), row_(table.types + 1), longest_(table.longest()), fine_(refined(table)), cubics_(fine_) {
        if (fine_.segments() > 1 << 16) throw std::invalid_argument("A pair table has too many segments for Monte Carlo.");
        const std::size_t pairs = static_cast<std::size_t>(types_) * types_, numbers = static_cast<std::size_t>(fine_.segments()) * 4;
        if (pairs * numbers * sizeof(float) > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("Pair tables are too large for Monte Carlo.");
        lowest_ = static_cast<float>(table.lowest());
        // Rows end in one for atoms that do not take part.
        const std::size_t padded = static_cast<std::size_t>(types_) * row_ + few;
        scale_.assign(padded, 1), limit_.assign(padded, 0), slope_.assign(padded, 0), offset_.assign(padded, 0);
        for (std::size_t p = 0; p < pairs; ++p) {
            const std::size_t place = p / types_ * row_ + p % types_;
            const auto packed = cubics_.pack(&fine_.energy[p * numbers], fine_, 1);
            coefficients_.insert(coefficients_.end(), packed.begin(), packed.end());
            scale_[place] = static_cast<float>(table.scale[p]), limit_[place] = static_cast<float>(table.cutoff[p] * table.cutoff[p] * table.scale[p]);
            offset_[place] = static_cast<std::int32_t>(p * numbers * sizeof(float));
            // Below the table F/r stays as it is: the energy is a straight line in r².
            const double *force = &table.force[p * table.segments() * (table.degree + 1)];
            slope_[place] = static_cast<float>(0.5 * polynomial(force, table.degree, -1) / table.scale[p]);
        }
        for (const auto *values : {&coefficients_, &scale_, &limit_, &slope_})
            if (!std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); })) throw std::invalid_argument("Pair tables exceed single precision.");
        for (const double e : table.self_energy) self_energy_.push_back(rounded(e));
    }

    int types() const { return types_; }
    double cutoff() const { return longest_; }
    // Of an atom alone [eV].
    double self_energy(std::int32_t type) const { return self_energy_[static_cast<std::size_t>(type)]; }

    // Of an atom with its neighbours [eV].
    double sum(std::int32_t type, const NearAtoms &near) const { return row_ <= few ? sum<true>(type, near) : sum<false>(type, near); }

private:
    static constexpr int few = 16;               // types that are looked up in a register
    static constexpr int least_per_octave = 64;
    static constexpr double rounder = 1.5 * (1 << 24); // plus 2^52 of these units

    static double rounded(double e) { return (e + rounder) - rounder; }
    static double polynomial(const double *c, int degree, double t) {
        double value = 0;
        for (int k = degree; k >= 0; --k) value = value * t + c[k];
        return value;
    }
    // The same energies in cubics, in more segments where there were powers beyond.
    static PairTable refined(const PairTable &table) {
        table.check();
        PairTable fine;
        fine.types = table.types, fine.degree = 3, fine.octaves = table.octaves;
        fine.per_octave = table.degree <= 3 ? table.per_octave : std::max(table.per_octave, least_per_octave);
        const int parts = fine.per_octave / table.per_octave;
        const std::size_t segments = static_cast<std::size_t>(table.types) * table.types * table.segments();
        for (std::size_t s = 0; s < segments; ++s)
            for (int part = 0; part < parts; ++part) {
                const double *from = &table.energy[s * (table.degree + 1)];
                std::array<double, 4> c{};
                if (parts == 1 && table.degree <= 3) std::copy_n(from, table.degree + 1, c.begin());
                else {
                    // Through four Chebyshev points of the part.
                    constexpr double outer = 0.92387953251128674, inner = 0.38268343236508977;
                    const auto at = [&](double t) { return polynomial(from, table.degree, (2 * part + 1 + t) / parts - 1); };
                    const double a = at(outer), b = at(inner), d = at(-inner), e = at(-outer);
                    const double even_outer = (a + e) / 2, even_inner = (b + d) / 2, odd_outer = (a - e) / 2 / outer, odd_inner = (b - d) / 2 / inner;
                    const double difference = outer * outer - inner * inner;
                    c[2] = (even_outer - even_inner) / difference, c[0] = even_inner - c[2] * inner * inner;
                    c[3] = (odd_outer - odd_inner) / difference, c[1] = odd_inner - c[3] * inner * inner;
                }
                fine.energy.insert(fine.energy.end(), c.begin(), c.end());
            }
        return fine;
    }

    template <bool in_register> double sum(std::int32_t type, const NearAtoms &near) const {
        using namespace simd;
        const std::size_t first = static_cast<std::size_t>(type) * row_;
        const Lookup<in_register> scale(&scale_[first]), limit(&limit_[first]), slope(&slope_[first]), offset(reinterpret_cast<const float *>(&offset_[first]));
        const Float lowest = broadcast<Float>(lowest_), highest = broadcast<Float>(1 - std::numeric_limits<float>::epsilon() / 2);
        Double total{};
        for (std::size_t k = 0; k < near.size; k += lanes) {
            const Int b = load<Int>(&near.type[k]);
            const Float u = load<Float>(&near.r2[k]) * scale[b];
            const auto place = cubics_.place(greatest(least(u, highest), lowest));
            std::int32_t row[lanes];
            store(row, place.segment + bits_as<Int>(offset[b]));
            Float c0, c1, c2, c3;
            gather_rows(coefficients_.data(), row, c0, c1, c2, c3);
            Float energy = multiply_add(multiply_add(multiply_add(c3, place.t, c2), place.t, c1), place.t, c0);
            if (bits(less(u, lowest)) != 0) energy = energy + slope[b] * greatest(lowest - u, Float{});
            energy = keep(both(less(u, limit[b]), first_lanes(static_cast<int>(std::min<std::size_t>(near.size - k, lanes)))), energy);
            total += (low_half(energy) + rounder) - rounder, total += (high_half(energy) + rounder) - rounder;
        }
        return simd::sum(total);
    }

    // Numbers by type.
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

    int types_, row_;
    double longest_;
    PairTable fine_;
    GatheredCubics cubics_;
    float lowest_;
    std::vector<float> scale_, limit_, slope_; // (types, types + 1)
    std::vector<std::int32_t> offset_;         // of the coefficients of a pair of types [bytes]
    std::vector<float> coefficients_;
    std::vector<double> self_energy_;
};

} // namespace glasswright
