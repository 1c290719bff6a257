// The bonds of a periodic structure, and the part of its infinite network around one atom, unfolded as far as it is asked for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

// A number of cell vectors along each of three directions as one integer: sums of packed shifts are the packed sums, as long as
// no component reaches 2^20.
using PackedShift = std::int64_t;
constexpr std::int64_t shift_limit = std::int64_t{1} << 20;
inline PackedShift pack(const std::int64_t *s) { return s[0] + (s[1] << 21) + (s[2] << 42); }
inline void unpack(PackedShift packed, std::int64_t *s) {
    constexpr std::int64_t base = std::int64_t{1} << 21;
    for (int k = 0; k < 3; ++k) {
        const std::int64_t low = ((packed + base / 2) & (base - 1)) - base / 2;
        s[k] = low;
        packed = (packed - low) >> 21;
    }
}

struct Bond {
    std::int32_t atom;
    PackedShift shift;
    bool operator==(const Bond &) const = default;
    bool operator<(const Bond &other) const { return atom != other.atom ? atom < other.atom : shift < other.shift; }
};

class BondGraph {
public:
    // Bonds in both directions, first atom, second atom and the cell vectors to add to the second. Dead ends, which no ring can
    // pass, are cut off. `counted` atoms are those that make up the size of a ring.
    BondGraph(const std::int64_t *first, const std::int64_t *second, const std::int64_t *shifts, std::size_t n_bonds, const bool *counted,
              std::size_t n_atoms, std::int64_t reach)
        : start_(n_atoms + 1, 0), counted_(counted, counted + n_atoms) {
        const auto in_range = [&](std::int64_t a) { return a >= 0 && static_cast<std::size_t>(a) < n_atoms; };
        for (std::size_t k = 0; k < n_bonds; ++k) {
            if (!in_range(first[k]) || !in_range(second[k])) throw std::invalid_argument("a bond names an atom that is not there");
            for (int c = 0; c < 3; ++c)
                if (shifts[3 * k + c] <= -(shift_limit / reach) || shifts[3 * k + c] >= shift_limit / reach)
                    throw std::invalid_argument("a bond spans too many cells for rings of this size");
            ++start_[static_cast<std::size_t>(first[k]) + 1];
        }
        for (std::size_t a = 0; a < n_atoms; ++a) start_[a + 1] += start_[a];
        bonds_.resize(n_bonds);
        std::vector<std::size_t> next(start_.begin(), start_.end() - 1);
        for (std::size_t k = 0; k < n_bonds; ++k)
            bonds_[next[static_cast<std::size_t>(first[k])]++] = {static_cast<std::int32_t>(second[k]), pack(shifts + 3 * k)};
        check();
        cut_dead_ends();
    }

    std::size_t size() const { return counted_.size(); }
    bool counted(std::int32_t atom) const { return counted_[static_cast<std::size_t>(atom)]; }
    const Bond *begin(std::int32_t atom) const { return bonds_.data() + start_[static_cast<std::size_t>(atom)]; }
    const Bond *end(std::int32_t atom) const { return bonds_.data() + start_[static_cast<std::size_t>(atom) + 1]; }
    int degree(std::int32_t atom) const { return static_cast<int>(end(atom) - begin(atom)); }
    std::size_t n_bonds() const { return bonds_.size(); } // both directions
    std::size_t index(std::int32_t atom, int bond) const { return start_[static_cast<std::size_t>(atom)] + static_cast<std::size_t>(bond); }

private:
    std::vector<std::size_t> start_;
    std::vector<Bond> bonds_; // of each atom in ascending order
    std::vector<char> counted_;

    Bond *bonds_of(std::size_t atom) { return bonds_.data() + start_[atom]; }

    void check() {
        for (std::size_t a = 0; a < size(); ++a) {
            std::sort(bonds_of(a), bonds_of(a + 1));
            if (std::adjacent_find(bonds_of(a), bonds_of(a + 1)) != bonds_of(a + 1)) throw std::invalid_argument("a bond is listed twice");
        }
        for (std::size_t a = 0; a < size(); ++a)
            for (const Bond *b = bonds_of(a); b != bonds_of(a + 1); ++b) {
                const auto other = static_cast<std::size_t>(b->atom);
                const Bond back{static_cast<std::int32_t>(a), -b->shift};
                if (other == a && b->shift == 0) throw std::invalid_argument("an atom is bonded to itself");
                if (!std::binary_search(bonds_of(other), bonds_of(other + 1), back)) throw std::invalid_argument("a bond is listed in one direction only");
            }
    }

    void cut_dead_ends() {
        std::vector<std::size_t> degree(size()), ends;
        for (std::size_t a = 0; a < size(); ++a)
            if ((degree[a] = start_[a + 1] - start_[a]) == 1) ends.push_back(a);
        while (!ends.empty()) {
            const std::size_t a = ends.back();
            ends.pop_back();
            if (degree[a] != 1) continue; // its only neighbour was an end, too
            degree[a] = 0;
            for (const Bond *b = bonds_of(a); b != bonds_of(a + 1); ++b) {
                const auto other = static_cast<std::size_t>(b->atom);
                if (degree[other] > 0 && --degree[other] == 1) ends.push_back(other);
            }
        }
        std::size_t kept = 0, from = 0;
        for (std::size_t a = 0; a < size(); ++a) {
            const std::size_t to = start_[a + 1];
            for (std::size_t k = from; k < to; ++k)
                if (degree[a] > 0 && degree[static_cast<std::size_t>(bonds_[k].atom)] > 0) bonds_[kept++] = bonds_[k];
            from = to;
            start_[a + 1] = kept;
        }
        bonds_.resize(kept);
    }
};

// Images of atoms around one atom, numbered as they are met; 0 is the atom itself. Neighbours are looked up once and kept.
class Surroundings {
public:
    explicit Surroundings(const BondGraph &graph) : graph_(graph), slots_(1024, Slot{0, -1}) {}

    void start(std::int32_t atom) {
        images_.clear();
        neighbours_.clear();
        if (++round_ == 0) { // after 2^32 atoms
            std::fill(slots_.begin(), slots_.end(), Slot{0, -1});
            round_ = 1;
        }
        find_or_add({atom, 0});
    }

    int size() const { return static_cast<int>(images_.size()); }
    const BondGraph &graph() const { return graph_; }
    std::int32_t atom(int image) const { return images_[static_cast<std::size_t>(image)].place.atom; }
    const Bond &place(int image) const { return images_[static_cast<std::size_t>(image)].place; }
    int degree(int image) const { return graph_.degree(atom(image)); }
    // Neighbour number k, in the order of the atom's bonds; look_around first.
    int neighbour(int image, int k) const { return neighbours_[static_cast<std::size_t>(images_[static_cast<std::size_t>(image)].first + k)]; }

    void look_around(int image) {
        const auto i = static_cast<std::size_t>(image);
        if (images_[i].first >= 0) return;
        const Bond here = images_[i].place;
        images_[i].first = static_cast<int>(neighbours_.size());
        for (const Bond *b = graph_.begin(here.atom); b != graph_.end(here.atom); ++b) neighbours_.push_back(find_or_add({b->atom, b->shift + here.shift}));
    }

private:
    struct Image {
        Bond place;
        int first; // of its neighbours; -1 where nobody looked
    };
    struct Slot {
        std::uint32_t round;
        int image;
    };

    const BondGraph &graph_;
    std::vector<Image> images_;
    std::vector<int> neighbours_;
    std::vector<Slot> slots_; // open addressing; entries of earlier rounds are empty
    std::uint32_t round_ = 0;

    std::size_t home(const Bond &place) const {
        std::uint64_t h = static_cast<std::uint64_t>(place.atom) * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(place.shift) * 0xC2B2AE3D27D4EB4Fu;
        h ^= h >> 32;
        return static_cast<std::size_t>(h * 0x9E3779B97F4A7C15u >> 32) & (slots_.size() - 1);
    }

    int find_or_add(const Bond &place) {
        std::size_t s = home(place);
        for (; slots_[s].round == round_; s = (s + 1) & (slots_.size() - 1))
            if (images_[static_cast<std::size_t>(slots_[s].image)].place == place) return slots_[s].image;
        if (images_.size() > 0x3fffffff) throw std::length_error("too many atoms lie within the reach of a ring");
        const int image = size();
        images_.push_back({place, -1});
        slots_[s] = {round_, image};
        if (2 * images_.size() > slots_.size()) widen();
        return image;
    }

    void widen() {
        slots_.assign(2 * slots_.size(), Slot{round_ - 1, -1});
        for (int image = 0; image < size(); ++image) {
            std::size_t s = home(place(image));
            while (slots_[s].round == round_) s = (s + 1) & (slots_.size() - 1);
            slots_[s] = {round_, image};
        }
    }
};

} // namespace glasswright
