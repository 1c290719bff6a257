// Neighbour lists. The interpreter lock is released while atoms are searched.
#include "pair_finder.hpp"

#include <nanobind/stl/vector.h>

using glasswright::Candidates;
using glasswright::PairFinder;
using glasswright::PairSearch;
using glasswright::Team;
using glasswright::Vector;
namespace simd = glasswright::simd;

namespace {

using Positions = glasswright::Vectors;
using CellMatrix = glasswright::Matrix;
using Types = glasswright::Integers;
using Cutoffs = glasswright::Table;
using Block = nb::ndarray<std::int32_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Room = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// The atoms of a list, ready to be searched.
struct Search {
    Search(const Positions &positions, const CellMatrix &cell, const Types &types, const Cutoffs &cutoffs, int threads)
        : n_types(cutoffs.shape(0)), label(glasswright::labels(positions, types, n_types, 1)),
          pairs(positions.data(), label.data(), positions.shape(0), cell.data(), reach(cutoffs)), team(checked(cutoffs, threads)),
          finders(static_cast<std::size_t>(threads), PairFinder(pairs, cutoffs.data(), n_types)) {}

    // Calls found(thread, place, candidates, hits, number of hits) for every atom.
    template <class Found> void each_atom(Found &&found) {
        nb::gil_scoped_release unlocked;
        glasswright::each_cell(pairs, false, team, [&](std::size_t c, const Candidates &near, int thread) {
            finders[static_cast<std::size_t>(thread)].find(
                c, near, [&](std::size_t place, const std::int32_t *hits, std::size_t m) { found(thread, place, near, hits, m); });
        });
    }

    std::size_t n_types;
    std::vector<std::int32_t> label;
    PairSearch pairs;
    Team team;
    std::vector<PairFinder> finders;

private:
    static double reach(const Cutoffs &cutoffs) { return *std::max_element(cutoffs.data(), cutoffs.data() + cutoffs.size()); }
    static int checked(const Cutoffs &cutoffs, int threads) {
        if (cutoffs.shape(1) != cutoffs.shape(0)) throw std::invalid_argument("the table of cutoffs must be square");
        if (threads < 1 || threads > 1024) throw std::invalid_argument("the number of threads is not possible");
        return threads;
    }
};

template <class T> T *data_of(const nb::object &array) { return nb::cast<nb::ndarray<T, nb::c_contig, nb::device::cpu>>(array).data(); }

nb::tuple neighbour_pairs(Positions positions, CellMatrix cell, Types types, Cutoffs cutoffs, int threads, bool inside) {
    const std::size_t n = positions.shape(0);
    Search atoms(positions, cell, types, cutoffs, threads);
    const PairSearch &search = atoms.pairs;
    // Twice: to find how many each atom has costs far less than to keep which.
    std::vector<std::size_t> start(n + 1, 0);
    atoms.each_atom([&](int, std::size_t place, const Candidates &, const std::int32_t *, std::size_t m) { start[static_cast<std::size_t>(search.atom(place)) + 1] = m; });
    std::partial_sum(start.begin(), start.end(), start.begin());
    const auto empty = nb::module_::import_("numpy").attr("empty"); // which asks for large pages
    const nb::object first = empty(start[n], "int64"), second = empty(start[n], "int64"), shifts = empty(nb::make_tuple(start[n], 3), "int64");
    const nb::object vectors = empty(nb::make_tuple(start[n], 3), "float64");
    auto *const to_first = data_of<std::int64_t>(first), *const to_second = data_of<std::int64_t>(second);
    auto *const to_shifts = data_of<std::int64_t>(shifts);
    auto *const to_vectors = data_of<double>(vectors);
    atoms.each_atom([&](int, std::size_t place, const Candidates &near, const std::int32_t *hits, std::size_t m) {
        const std::int64_t i = search.atom(place);
        const std::size_t k = start[static_cast<std::size_t>(i)];
        std::fill_n(to_first + k, m, i);
        for (std::size_t h = 0; h < m; ++h) {
            const auto c = static_cast<std::size_t>(hits[h]);
            const Vector d = search.separation(place, near, c);
            const auto shift = search.shift(place, near, c, inside);
            to_second[k + h] = search.atom(static_cast<std::size_t>(near.place[c]));
            for (std::size_t x = 0; x < 3; ++x) to_vectors[3 * (k + h) + x] = d[x], to_shifts[3 * (k + h) + x] = shift[x];
        }
    });
    return nb::make_tuple(first, second, shifts, vectors);
}

// Writes the slots of neighbours into arrays (chunks, rows, lanes), one for each type of the first atom, the rows of each type of the second
// behind one another. Counts go on where there is no room (or no array). Returns the most neighbours of each type (second) that an atom of
// each type (first) has.
nb::object neighbour_slots(Positions positions, CellMatrix cell, Types types, Cutoffs cutoffs, Types slots, Types starts, Types repeats, Room room,
                           std::vector<Block> blocks, bool once, int threads) {
    Search atoms(positions, cell, types, cutoffs, threads);
    const std::size_t n_types = atoms.n_types, n = positions.shape(0);
    const auto wrong = [](const char *what) { throw std::invalid_argument(what); };
    if (slots.shape(0) != n || starts.shape(0) != n_types + 1 || repeats.shape(0) != 3) wrong("slots, starts and repeats have the wrong shape");
    if (room.shape(0) != n_types || room.shape(1) != n_types) wrong("the room must be given for every pair of types");
    if (!blocks.empty() && blocks.size() != n_types) wrong("there must be one block per type, or none");
    const std::int64_t *const copies = repeats.data();
    const std::int64_t per_copy = starts.data()[n_types];
    std::int64_t images = per_copy;
    for (int k = 0; k < 3; ++k) {
        if (copies[k] < 1) wrong("repeats must be positive");
        images *= copies[k];
    }
    if (images > std::numeric_limits<std::int32_t>::max()) wrong("there are too many images");
    std::vector<std::int64_t> offset(n_types * n_types);
    for (std::size_t a = 0; a < n_types; ++a) {
        std::int64_t rows = 0;
        for (std::size_t b = 0; b < n_types; ++b) offset[a * n_types + b] = rows, rows += room.data()[a * n_types + b];
        if (blocks.empty()) continue;
        if (static_cast<std::int64_t>(blocks[a].shape(1)) != rows) wrong("a block has another number of rows than the room says");
        if (static_cast<std::int64_t>(blocks[a].shape(0) * blocks[a].shape(2)) != starts.data()[a + 1] - starts.data()[a]) wrong("a block does not hold the slots of its type");
    }
    for (std::size_t i = 0; i < n; ++i) {
        const auto a = static_cast<std::size_t>(atoms.label[i]);
        if (slots.data()[i] < starts.data()[a] || slots.data()[i] >= starts.data()[a + 1]) wrong("a slot does not belong to its type");
    }
    const PairSearch &search = atoms.pairs;
    std::vector<std::int32_t> slot_at(n); // by place
    for (std::size_t place = 0; place < n; ++place) slot_at[place] = static_cast<std::int32_t>(slots.data()[search.atom(place)]);
    // The neighbours of one atom, and those of one type among them.
    struct Line {
        std::vector<std::int32_t> slot, type, chosen, seen;
        std::vector<std::int64_t> most;
    };
    Line empty;
    empty.seen.assign(once ? static_cast<std::size_t>(images) : 0, -1);
    empty.most.assign(n_types * n_types, 0);
    std::vector<Line> lines(static_cast<std::size_t>(threads), empty);
    atoms.each_atom([&](int thread, std::size_t place, const Candidates &near, const std::int32_t *hits, std::size_t m) {
        const auto a = static_cast<std::size_t>(search.label(place));
        const std::int32_t own = slot_at[place];
        Line &line = lines[static_cast<std::size_t>(thread)];
        for (auto *v : {&line.slot, &line.type, &line.chosen})
            if (v->size() < m + simd::lanes) v->resize(2 * m + simd::lanes);
        std::int32_t *const slot = line.slot.data(), *const type = line.type.data(), *const chosen = line.chosen.data();
        for (std::size_t h = 0; h < m; ++h) {
            const std::int32_t c = hits[h];
            slot[h] = slot_at[static_cast<std::size_t>(near.place[static_cast<std::size_t>(c)])];
            type[h] = near.label[static_cast<std::size_t>(c)];
        }
        if (images > per_copy)
            for (std::size_t h = 0; h < m; ++h) {
                const auto shift = search.shift(place, near, static_cast<std::size_t>(hits[h]), false);
                std::int64_t copy = 0;
                for (std::size_t k = 0; k < 3; ++k) copy = copy * copies[k] + (shift[k] % copies[k] + copies[k]) % copies[k];
                slot[h] += static_cast<std::int32_t>(copy * per_copy);
            }
        if (once) // several images of an atom may be listed, of which one at a time can be near: it stands for all
            for (std::size_t h = 0; h < m; ++h) {
                auto &last = line.seen[static_cast<std::size_t>(slot[h])];
                if (slot[h] == own || last == own) type[h] = -1;
                last = own;
            }
        simd::store(type + m, simd::broadcast<simd::Int>(-1));
        std::int32_t *to = nullptr;
        std::int64_t lanes = 0;
        if (!blocks.empty()) {
            lanes = static_cast<std::int64_t>(blocks[a].shape(2));
            const std::int64_t within = own - starts.data()[a];
            to = blocks[a].data() + (within / lanes) * static_cast<std::int64_t>(blocks[a].shape(1)) * lanes + within % lanes;
        }
        for (std::size_t b = 0; b < n_types; ++b) {
            const auto wanted = simd::broadcast<simd::Int>(static_cast<std::int32_t>(b));
            std::int64_t count = 0;
            for (std::size_t h = 0; h < m; h += simd::lanes)
                count += simd::compress(chosen + count, simd::load<simd::Int>(slot + h), simd::same(simd::load<simd::Int>(type + h), wanted));
            auto &most = line.most[a * n_types + b];
            most = std::max(most, count);
            if (!to) continue;
            std::int32_t *row = to + offset[a * n_types + b] * lanes;
            count = std::min(count, room.data()[a * n_types + b]);
            for (std::int64_t k = 0; k < count; ++k, row += lanes) *row = chosen[k];
        }
    });
    auto found = std::make_unique<std::vector<std::int64_t>>(n_types * n_types, 0);
    for (const Line &line : lines)
        for (std::size_t k = 0; k < line.most.size(); ++k) (*found)[k] = std::max((*found)[k], line.most[k]);
    return nb::cast(glasswright::to_numpy(std::move(found), {n_types, n_types}));
}

} // namespace

void bind_neighbours(nb::module_ &m) {
    m.def("neighbour_pairs", &neighbour_pairs, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("cutoffs"), nb::arg("threads"), nb::arg("inside"));
    m.def("neighbour_slots", &neighbour_slots, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("cutoffs"), nb::arg("slots"), nb::arg("starts"),
          nb::arg("repeats"), nb::arg("room"), nb::arg("blocks"), nb::arg("once"), nb::arg("threads"));
}
