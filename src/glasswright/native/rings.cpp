// Ring statistics as a Python function. Atoms are dealt out to the threads in small portions; what each portion finds is put
// together in their order, so that the result does not depend on the threads.
#include "rings.hpp"
#include "bindings.hpp"
#include "parallel.hpp"

#include <nanobind/stl/string.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

namespace glasswright {
namespace {

using Flags = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Shifts = nb::ndarray<const std::int64_t, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;

struct Interrupted : std::exception {};

// Portions of work for a team; Ctrl-C ends all of it.
class Portions {
public:
    Portions(std::size_t n_items, Team &team) : n_items_(n_items), team_(team) {}

    static constexpr std::size_t size = 32;
    std::size_t number() const { return (n_items_ + size - 1) / size; }

    // work(thread, portion, from, to, pause), pause() to be called often
    template <class Work> void run(Work &&work) {
        next_ = 0;
        busy_ = team_.size();
        team_.run([&](int thread) {
            struct Done {
                std::atomic<int> &busy;
                ~Done() { --busy; }
            };
            auto pause = [&, calls = 0]() mutable {
                if (++calls % 64 == 0) look(thread);
            };
            try {
                const Done done{busy_};
                for (std::size_t p; (p = next_++) < number();) {
                    look(thread);
                    work(thread, p, p * size, std::min(n_items_, (p + 1) * size), pause);
                }
            } catch (...) {
                stop_ = true;
                throw;
            }
            while (thread == 0 && busy_ > 0) { // the others may take long; only this thread hears Ctrl-C
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                look(thread);
            }
        });
    }

private:
    using Clock = std::chrono::steady_clock;
    std::size_t n_items_;
    Team &team_;
    std::atomic<std::size_t> next_{0};
    std::atomic<int> busy_{0};
    std::atomic<bool> stop_{false};
    Clock::time_point heard_ = Clock::now(); // by thread 0

    void look(int thread) {
        if (stop_) throw Interrupted();
        if (thread != 0 || Clock::now() - heard_ < std::chrono::milliseconds(50)) return;
        heard_ = Clock::now();
        nb::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) {
            stop_ = true;
            throw nb::python_error();
        }
    }
};

// What a thread counts.
struct Tally {
    std::map<std::size_t, std::vector<std::int64_t>> through; // size → number of rings through each counted atom
    std::vector<char> passed;                                 // bonds on a ring
    std::int64_t open = 0, all = 0;
};

struct Members {
    std::vector<std::int64_t> lengths, atoms, shifts;
};

class Census {
public:
    Census(const BondGraph &graph, const std::string &definition, int max_length, bool keep, int n_threads)
        : graph_(graph), primitive_(definition == "primitive"), through_bonds_(definition == "guttman"), max_length_(max_length), keep_(keep), team_(n_threads),
          rank_(graph.size(), -1), tallies_(static_cast<std::size_t>(team_.size())) {
        for (std::size_t a = 0; a < graph.size(); ++a)
            if (graph.counted(static_cast<std::int32_t>(a))) rank_[a] = static_cast<std::int64_t>(centres_.size()), centres_.push_back(static_cast<std::int32_t>(a));
    }

    void take() {
        Portions portions(centres_.size(), team_);
        members_.resize(portions.number());
        if (primitive_)
            count_primitive(portions);
        else
            count_around_atoms(portions);
        for (std::size_t t = 1; t < tallies_.size(); ++t) add(tallies_[0], tallies_[t]);
        if (primitive_) count_bonds(tallies_[0]);
    }

    nb::tuple result() {
        Tally &total = tallies_[0];
        nb::dict through;
        for (auto &[size, counts] : total.through) through[nb::int_(size)] = to_numpy(std::make_unique<std::vector<std::int64_t>>(std::move(counts)), {centres_.size()});
        auto all = std::make_unique<Members>();
        for (const Members &m : members_) {
            all->lengths.insert(all->lengths.end(), m.lengths.begin(), m.lengths.end());
            all->atoms.insert(all->atoms.end(), m.atoms.begin(), m.atoms.end());
            all->shifts.insert(all->shifts.end(), m.shifts.begin(), m.shifts.end());
        }
        const std::size_t n_rings = all->lengths.size(), n_members = all->atoms.size();
        const auto array = [](std::vector<std::int64_t> &v, std::initializer_list<std::size_t> shape) {
            return to_numpy(std::make_unique<std::vector<std::int64_t>>(std::move(v)), shape);
        };
        return nb::make_tuple(through, total.open, total.all, array(all->lengths, {n_rings}), array(all->atoms, {n_members}), array(all->shifts, {n_members, 3}));
    }

private:
    const BondGraph &graph_;
    bool primitive_, through_bonds_;
    int max_length_;
    bool keep_;
    Team team_;
    std::vector<std::int32_t> centres_;
    std::vector<std::int64_t> rank_; // of an atom among the centres
    std::vector<Tally> tallies_;
    std::vector<Members> members_; // by portion

    void count_around_atoms(Portions &portions) {
        NeighbourRings::Table table(graph_);
        portions.run([&](int thread, std::size_t, std::size_t from, std::size_t to, auto &) {
            NeighbourRings rings(graph_, table, max_length_, through_bonds_);
            for (std::size_t k = from; k < to; ++k) {
                rings.measure(centres_[k]);
                count_open(rings, table, centres_[k], tallies_[static_cast<std::size_t>(thread)]);
            }
        });
        portions.run([&](int thread, std::size_t p, std::size_t from, std::size_t to, auto &pause) {
            NeighbourRings rings(graph_, table, max_length_, through_bonds_);
            for (std::size_t k = from; k < to; ++k)
                rings.count(centres_[k], [&](const Surroundings &around, const Ring &ring) { note(tallies_[static_cast<std::size_t>(thread)], members_[p], around, ring); }, pause);
        });
    }

    void count_primitive(Portions &portions) {
        portions.run([&](int thread, std::size_t p, std::size_t from, std::size_t to, auto &pause) {
            Tally &tally = tallies_[static_cast<std::size_t>(thread)];
            tally.passed.resize(graph_.n_bonds());
            PrimitiveRings rings(graph_, max_length_);
            for (std::size_t k = from; k < to; ++k)
                rings.count(
                    centres_[k],
                    [&](const Surroundings &around, const Ring &ring) {
                        note(tally, members_[p], around, ring);
                        for (std::size_t n = 0; n < ring.size(); ++n) pass(tally, around, ring[n], ring[(n + 1) % ring.size()]);
                    },
                    pause);
        });
    }

    void pass(Tally &tally, const Surroundings &around, int here, int next) const {
        for (int k = 0, z = around.degree(here); k < z; ++k)
            if (around.neighbour(here, k) == next) tally.passed[graph_.index(around.atom(here), k)] = 1;
    }

    // Bonds, or for King pairs of bonds of one atom, that no ring joins.
    void count_open(NeighbourRings &rings, NeighbourRings::Table &table, std::int32_t centre, Tally &tally) const {
        for (int j = 0, z = graph_.degree(centre); j < z; ++j)
            if (through_bonds_) {
                if (!from_here(centre, j)) continue;
                ++tally.all;
                tally.open += rings.nearest(centre, j) == far_away;
            } else
                for (int i = 0; i < j; ++i) {
                    ++tally.all;
                    tally.open += table.at(centre, i, j) == far_away;
                }
    }

    void count_bonds(Tally &tally) const {
        for (const std::int32_t centre : centres_)
            for (int k = 0, z = graph_.degree(centre); k < z; ++k) {
                if (!from_here(centre, k)) continue;
                const Bond &bond = graph_.begin(centre)[k];
                const auto back = std::lower_bound(graph_.begin(bond.atom), graph_.end(bond.atom), Bond{centre, -bond.shift});
                ++tally.all;
                tally.open += tally.passed.empty() || !(tally.passed[graph_.index(centre, k)] || tally.passed[graph_.index(bond.atom, static_cast<int>(back - graph_.begin(bond.atom)))]);
            }
    }

    // A bond between two counted atoms is seen from both; it counts at the lower one.
    bool from_here(std::int32_t centre, int k) const {
        const Bond &bond = graph_.begin(centre)[k];
        return !graph_.counted(bond.atom) || Bond{centre, 0} < bond;
    }

    void note(Tally &tally, Members &members, const Surroundings &around, const Ring &ring) const {
        std::size_t size = 0;
        for (const int image : ring) size += graph_.counted(around.atom(image));
        auto &counts = tally.through[size];
        counts.resize(centres_.size());
        for (const int image : ring)
            if (graph_.counted(around.atom(image))) ++counts[static_cast<std::size_t>(rank_[static_cast<std::size_t>(around.atom(image))])];
        if (!keep_) return;
        members.lengths.push_back(static_cast<std::int64_t>(ring.size()));
        for (const int image : ring) {
            std::int64_t shift[3];
            unpack(around.place(image).shift, shift);
            members.atoms.push_back(around.atom(image));
            members.shifts.insert(members.shifts.end(), shift, shift + 3);
        }
    }

    static void add(Tally &total, const Tally &part) {
        for (const auto &[size, counts] : part.through) {
            auto &sums = total.through[size];
            sums.resize(counts.size());
            for (std::size_t k = 0; k < counts.size(); ++k) sums[k] += counts[k];
        }
        total.passed.resize(std::max(total.passed.size(), part.passed.size()));
        for (std::size_t k = 0; k < part.passed.size(); ++k) total.passed[k] |= part.passed[k];
        total.open += part.open, total.all += part.all;
    }
};

nb::tuple rings(const Integers &first, const Integers &second, const Shifts &shifts, const Flags &counted, const std::string &definition, std::int64_t max_length,
                bool members, std::int64_t n_threads) {
    const std::size_t n_bonds = first.shape(0), n_atoms = counted.shape(0);
    if (second.shape(0) != n_bonds || shifts.shape(0) != n_bonds) throw std::invalid_argument("there must be two atoms and a shift per bond");
    if (n_atoms > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("there are too many atoms");
    if (definition != "king" && definition != "guttman" && definition != "primitive") throw std::invalid_argument("rings are king, guttman or primitive");
    if (max_length < 3 || max_length > 10'000) throw std::invalid_argument("a ring has 3 to 10000 bonds");
    if (n_threads < 1 || n_threads > 1024) throw std::invalid_argument("the number of threads must be 1 to 1024");
    nb::gil_scoped_release unlocked;
    const BondGraph graph(first.data(), second.data(), shifts.data(), n_bonds, counted.data(), n_atoms, max_length);
    Census census(graph, definition, static_cast<int>(max_length), members, static_cast<int>(n_threads));
    census.take();
    nb::gil_scoped_acquire locked;
    return census.result();
}

} // namespace
} // namespace glasswright

void bind_rings(nb::module_ &m) {
    m.def("rings", &glasswright::rings, nb::arg("first"), nb::arg("second"), nb::arg("shifts"), nb::arg("counted"), nb::arg("definition"), nb::arg("max_length"),
          nb::arg("members") = false, nb::arg("n_threads") = 1,
          "Rings of the bonds (first, second, shift of the second), listed in both directions: size in counted atoms → rings through each of them, bonds or pairs "
          "of bonds without a ring, all of these, and with `members` length of each ring in bonds, its atoms and their shifts.");
}
