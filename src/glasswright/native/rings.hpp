// Rings of a bond graph by three definitions, exact in any periodic cell.
//
// A ring is a closed path over atoms and bonds of the infinite network that meets no atom twice: images of an atom are different
// atoms, so that a walk that winds round the box and ends at an image of its start is none. Rings that a cell vector maps onto each
// other are one ring. Each is counted where it is found from the lowest of its atoms (by number, then image) from which it can be
// found, so that no list of rings has to be kept and compared.
#pragma once

#include "bond_graph.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace glasswright {

using Length = std::uint16_t; // in bonds
constexpr Length far_away = std::numeric_limits<Length>::max();
using Ring = std::vector<int>; // images in order

// Shortest paths between the neighbours of an atom that avoid it. They grow from all neighbours at once and meet in the middle.
class PathsAround {
public:
    explicit PathsAround(const BondGraph &graph) : around_(graph) {}

    // Find the lengths, up to `longest`, of the shortest paths between all pairs of neighbours or, with `nearest_only`, those from
    // every neighbour to the nearest of the others.
    void grow(std::int32_t centre, int longest, bool nearest_only) {
        around_.start(centre);
        around_.look_around(0);
        degree_ = around_.degree(0);
        const auto z = static_cast<std::size_t>(degree_);
        between_.assign(z * z, far_away);
        distance_.assign(static_cast<std::size_t>(around_.size()) * z, far_away);
        if (branches_.size() < z) branches_.resize(z);
        for (int i = 0; i < degree_; ++i) {
            branch(i).images.clear();
            branch(i).levels.assign(1, 0);
            reach(i, around_.neighbour(0, i), 0);
        }
        // Once level n is complete, all paths of up to 2 n bonds are known.
        for (int level = 1; 2 * (level - 1) < longest; ++level) {
            bool any = false;
            for (int i = 0; i < degree_; ++i) {
                Branch &b = branch(i);
                b.grows = !(nearest_only ? all_met() : met_by_all(i));
                any |= b.grows;
                if (b.grows) b.levels.push_back(b.images.size());
            }
            if (!any) break;
            for (int i = 0; i < degree_; ++i)
                if (branch(i).grows) spread(i, level);
        }
        for (Length &d : between_)
            if (d > longest) d = far_away;
    }

    int degree() const { return degree_; }
    Length between(int i, int j) const { return between_[static_cast<std::size_t>(i * degree_ + j)]; }
    Surroundings &surroundings() { return around_; }

    // visit(ring): the centre with each of the shortest paths from its neighbour i to its neighbour j.
    template <class Visit> void each_ring(int i, int j, Visit &&visit) {
        const int length = between(i, j), half = length / 2;
        ring_.assign(static_cast<std::size_t>(length) + 2, 0);
        const Branch &b = branch(i);
        const auto level = static_cast<std::size_t>(half);
        const std::size_t end = level + 1 < b.levels.size() ? b.levels[level + 1] : b.images.size();
        for (std::size_t k = b.levels[level]; k < end; ++k) {
            const int middle = b.images[k];
            if (distance(middle, j) != length - half) continue;
            look_around(middle);
            descend(middle, i, half, half + 1, -1, [&] { descend(middle, j, length - half, half + 1, +1, [&] { visit(ring_); }); });
        }
    }

private:
    struct Branch {
        std::vector<int> images;         // in order of their distance from the neighbour
        std::vector<std::size_t> levels; // where each distance begins
        bool grows;
    };

    Surroundings around_;
    int degree_ = 0;
    std::vector<Length> distance_; // (image, branch)
    std::vector<Length> between_;  // (branch, branch)
    std::vector<Branch> branches_;
    Ring ring_;

    Branch &branch(int i) { return branches_[static_cast<std::size_t>(i)]; }
    Length &distance(int image, int i) { return distance_[static_cast<std::size_t>(image) * static_cast<std::size_t>(degree_) + static_cast<std::size_t>(i)]; }

    bool met_by_all(int i) const {
        for (int j = 0; j < degree_; ++j)
            if (j != i && between(i, j) == far_away) return false;
        return true;
    }
    bool all_met() const {
        for (int i = 0; i < degree_; ++i) {
            const auto row = between_.begin() + i * degree_;
            if (*std::min_element(row, row + degree_) == far_away) return false;
        }
        return true;
    }

    void look_around(int image) {
        around_.look_around(image);
        distance_.resize(static_cast<std::size_t>(around_.size()) * static_cast<std::size_t>(degree_), far_away);
    }

    void reach(int i, int image, int level) {
        distance(image, i) = static_cast<Length>(level);
        branch(i).images.push_back(image);
        for (int j = 0; j < degree_; ++j) {
            const Length other = distance(image, j);
            if (j == i || other == far_away) continue;
            Length &there = between_[static_cast<std::size_t>(i * degree_ + j)], &back = between_[static_cast<std::size_t>(j * degree_ + i)];
            there = back = std::min(there, static_cast<Length>(level + other));
        }
    }

    void spread(int i, int level) {
        const std::size_t from = branch(i).levels[static_cast<std::size_t>(level) - 1], to = branch(i).levels[static_cast<std::size_t>(level)];
        for (std::size_t k = from; k < to; ++k) {
            const int here = branch(i).images[k];
            look_around(here);
            for (int n = 0, degree = around_.degree(here); n < degree; ++n) {
                const int next = around_.neighbour(here, n);
                if (next != 0 && distance(next, i) == far_away) reach(i, next, level);
            }
        }
    }

    // Every way from an image down to neighbour i of the centre, written into the ring from `place` on in steps of +1 or -1.
    template <class Done> void descend(int image, int i, int left, int place, int step, Done &&done) {
        ring_[static_cast<std::size_t>(place)] = image;
        if (left == 0) return done();
        for (int n = 0, degree = around_.degree(image); n < degree; ++n) {
            const int next = around_.neighbour(image, n);
            if (distance(next, i) == left - 1) descend(next, i, left - 1, place + step, step, done);
        }
    }
};

// King's rings: the shortest closed paths through an atom and two of its neighbours (Nature 213, 1112, 1967), from every counted atom.
// Guttman's: the shortest closed paths through a bond (J. Non-Cryst. Solids 116, 145, 1990). Those of a bond are the shortest of
// King's that use it, so one table of path lengths serves both: measure() fills it, count() reads it.
class NeighbourRings {
public:
    // Shortest paths around each counted atom, per pair of its bonds.
    struct Table {
        Table(const BondGraph &graph) : start(graph.size() + 1, 0) {
            for (std::size_t a = 0; a < graph.size(); ++a) {
                const auto atom = static_cast<std::int32_t>(a);
                const auto z = static_cast<std::size_t>(graph.counted(atom) ? graph.degree(atom) : 0);
                start[a + 1] = start[a] + z * (z - (z > 0)) / 2;
            }
            between.assign(start.back(), far_away);
        }
        // i != j
        Length &at(std::int32_t atom, int i, int j) {
            if (i > j) std::swap(i, j);
            return between[start[static_cast<std::size_t>(atom)] + static_cast<std::size_t>(j * (j - 1) / 2 + i)];
        }
        std::vector<std::size_t> start;
        std::vector<Length> between;
    };

    NeighbourRings(const BondGraph &graph, Table &table, int max_length, bool through_bonds)
        : graph_(graph), table_(table), max_length_(max_length), through_bonds_(through_bonds), paths_(graph) {}

    void measure(std::int32_t centre) {
        paths_.grow(centre, max_length_ - 2, through_bonds_);
        for (int j = 1; j < paths_.degree(); ++j)
            for (int i = 0; i < j; ++i) table_.at(centre, i, j) = paths_.between(i, j);
    }

    // visit(surroundings, ring) for every ring that is counted at this atom; pause() often.
    template <class Visit, class Pause> void count(std::int32_t centre, Visit &&visit, Pause &&pause) {
        paths_.grow(centre, max_length_ - 2, through_bonds_);
        for (int j = 1; j < paths_.degree(); ++j)
            for (int i = 0; i < j; ++i) {
                const Length path = paths_.between(i, j);
                if (path == far_away || !found_from(centre, i, j, path)) continue;
                paths_.each_ring(i, j, [&](const Ring &ring) {
                    pause();
                    if (lowest(ring)) visit(paths_.surroundings(), ring);
                });
            }
    }

    // Length of the shortest path around the atom from its bond i to any other.
    Length nearest(std::int32_t atom, int i) {
        Length least = far_away;
        for (int j = 0, z = graph_.degree(atom); j < z; ++j)
            if (j != i) least = std::min(least, table_.at(atom, i, j));
        return least;
    }

private:
    const BondGraph &graph_;
    Table &table_;
    int max_length_;
    bool through_bonds_;
    PathsAround paths_;

    bool found_from(std::int32_t atom, int i, int j, Length path) {
        return table_.at(atom, i, j) == path && (!through_bonds_ || nearest(atom, i) == path || nearest(atom, j) == path);
    }

    // Whether no lower atom of the ring finds it too.
    bool lowest(const Ring &ring) {
        Surroundings &around = paths_.surroundings();
        const auto bond = [&](int from, int to) {
            around.look_around(from);
            int k = 0;
            while (around.neighbour(from, k) != to) ++k;
            return k;
        };
        for (std::size_t p = 1; p < ring.size(); ++p) {
            const int here = ring[p], before = ring[p - 1], after = ring[(p + 1) % ring.size()];
            if (!graph_.counted(around.atom(here)) || !(around.place(here) < around.place(0))) continue;
            if (found_from(around.atom(here), bond(here, before), bond(here, after), static_cast<Length>(ring.size() - 2))) return false;
        }
        return true;
    }
};

// Primitive rings: no two atoms of the ring are joined by a path shorter than both ways along it (Franzblau, Phys. Rev. B 44, 4925,
// 1991; Yuan and Cormack, Comput. Mater. Sci. 24, 343, 2002). It is enough that atoms opposite each other are not. Each ring is
// looked for from its lowest counted atom, the root, among the atoms that are not lower: as two shortest ways down to the root from
// the atom or the bond opposite. Shortcuts may use any atom.
class PrimitiveRings {
public:
    PrimitiveRings(const BondGraph &graph, int max_length) : graph_(graph), max_length_(max_length), around_(graph) {}

    // visit(surroundings, ring) for every ring whose root this is; pause() often.
    template <class Visit, class Pause> void count(std::int32_t root, Visit &&visit, Pause &&pause) {
        measure_depths(root);
        for (const int top : order_) {
            const int k = depth(top);
            around_.look_around(top);
            parents_.clear(), peers_.clear();
            for (int n = 0, z = around_.degree(top); n < z; ++n) {
                const int next = around_.neighbour(top, n);
                if (depth(next) == k - 1) parents_.push_back(next);
                if (depth(next) == k && next > top) peers_.push_back(next);
            }
            const bool even = parents_.size() > 1, odd = !peers_.empty() && 2 * k < max_length_;
            if (k == 0 || !(even || odd) || !far_from_root(top, k)) continue;
            if (even) {
                start_arms(2 * k);
                arms_[0][static_cast<std::size_t>(k)] = top;
                for (std::size_t q = 1; q < parents_.size(); ++q)
                    for (std::size_t p = 0; p < q; ++p) descend(k - 1, parents_[p], parents_[q], visit, pause);
            }
            if (odd) {
                start_arms(2 * k + 1);
                for (const int peer : peers_)
                    if (far_from_root(peer, k)) descend(k, top, peer, visit, pause);
            }
        }
    }

private:
    const BondGraph &graph_;
    int max_length_, length_ = 0;
    Surroundings around_;
    std::vector<int> order_, parents_, peers_; // order_: images that can be on a ring, by depth
    std::vector<Length> depth_;                // of images that can be on a ring, below the root
    std::vector<int> arms_[2];                 // by depth
    struct Marks {
        int from = -1, reach = -1;
        std::uint64_t mark = 0;
        std::vector<std::uint64_t> images;
    };
    Marks near_, visited_; // near_: around the atom that was asked for last
    std::vector<Length> root_distance_; // by image, in the whole network
    int root_reach_ = 0;                // how far it is known
    std::vector<int> queue_;
    Ring ring_;

    int depth(int image) const { return static_cast<std::size_t>(image) < depth_.size() ? depth_[static_cast<std::size_t>(image)] : far_away; }

    void measure_depths(std::int32_t root) { // within half a ring
        around_.start(root);
        near_.from = -1;
        measure_root_distances();
        depth_.assign(1, 0);
        order_.assign(1, 0);
        for (std::size_t k = 0; k < order_.size(); ++k) {
            const int here = order_[k], next_depth = depth(here) + 1;
            if (2 * next_depth > max_length_) break;
            around_.look_around(here);
            depth_.resize(static_cast<std::size_t>(around_.size()), far_away);
            for (int n = 0, z = around_.degree(here); n < z; ++n) {
                const int next = around_.neighbour(here, n);
                if (depth(next) != far_away || (graph_.counted(around_.atom(next)) && around_.place(next) < around_.place(0))) continue;
                depth_[static_cast<std::size_t>(next)] = static_cast<Length>(next_depth);
                order_.push_back(next);
            }
        }
    }

    // The whole network around the root. What lies further out than two thirds of half a ring is cheaper looked at when asked for.
    void measure_root_distances() {
        root_reach_ = max_length_ / 3;
        root_distance_.assign(1, 0);
        for (int image = 0; image < around_.size() && root_distance_[static_cast<std::size_t>(image)] < root_reach_; ++image) { // numbered as they are met
            around_.look_around(image);
            root_distance_.resize(static_cast<std::size_t>(around_.size()), static_cast<Length>(root_distance_[static_cast<std::size_t>(image)] + 1));
        }
    }

    // Whether an image on a way of this length down to the root has no shorter one.
    bool far_from_root(int image, int length) {
        return walk(image, std::max(0, length - 1 - root_reach_), visited_, [&](int next) {
            const auto i = static_cast<std::size_t>(next);
            return i >= root_distance_.size() || root_distance_[i] >= length;
        });
    }

    void start_arms(int length) {
        length_ = length;
        for (auto &arm : arms_) arm.resize(static_cast<std::size_t>(length / 2) + 1);
    }

    // Two arms that end at u and v, both at this depth, are led down to the root.
    template <class Visit, class Pause> void descend(int level, int u, int v, Visit &visit, Pause &pause) {
        pause();
        const int k = length_ / 2;
        arms_[0][static_cast<std::size_t>(level)] = u;
        arms_[1][static_cast<std::size_t>(level)] = v;
        // Above the middle nothing opposite is known yet; arms that are joined by a shortcut already would only multiply.
        if (2 * level > k && !apart(u, v, std::min(2 * level, length_ - 2 * level))) return;
        for (int q = std::max(level, k - level); q <= length_ - k - level; ++q) { // what is opposite
            if (!apart(arms_[1][static_cast<std::size_t>(q)], u, k)) return;
            if (q != level && !apart(arms_[0][static_cast<std::size_t>(q)], v, k)) return;
        }
        if (level == 1) return close(visit);
        around_.look_around(u);
        around_.look_around(v);
        for (int p = 0, zu = around_.degree(u); p < zu; ++p) {
            const int a = around_.neighbour(u, p);
            if (depth(a) != level - 1) continue;
            for (int q = 0, zv = around_.degree(v); q < zv; ++q) {
                const int b = around_.neighbour(v, q);
                if (b != a && depth(b) == level - 1) descend(level - 1, a, b, visit, pause);
            }
        }
    }

    template <class Visit> void close(Visit &visit) {
        ring_.assign(1, 0);
        const int k = length_ / 2;
        for (int p = 1; p <= k; ++p) ring_.push_back(arms_[0][static_cast<std::size_t>(p)]);
        for (int p = length_ - k - 1; p >= 1; --p) ring_.push_back(arms_[1][static_cast<std::size_t>(p)]);
        visit(around_, ring_);
    }

    // Whether no path shorter than `length` joins two images: none of those near one is near the other.
    bool apart(int a, int b, int length) {
        const int reach = length / 2;
        if (a != near_.from || reach != near_.reach) {
            near_.from = a, near_.reach = reach;
            walk(a, reach, near_, [](int) { return true; });
        }
        return walk(b, (length - 1) / 2, visited_, [&](int image) {
            const auto i = static_cast<std::size_t>(image);
            return i >= near_.images.size() || near_.images[i] != near_.mark;
        });
    }

    // Mark every image within a number of bonds, until go_on(image) says no.
    template <class GoOn> bool walk(int from, int reach, Marks &marks, GoOn &&go_on) {
        ++marks.mark;
        const auto mark = [&](int image) {
            const auto i = static_cast<std::size_t>(image);
            if (i >= marks.images.size()) marks.images.resize(i + 1024, 0);
            if (marks.images[i] == marks.mark) return true;
            marks.images[i] = marks.mark;
            queue_.push_back(image);
            return go_on(image);
        };
        queue_.clear();
        if (!mark(from)) return false;
        std::size_t begin = 0;
        for (int level = 1; level <= reach; ++level)
            for (const std::size_t end = queue_.size(); begin < end; ++begin) {
                const int here = queue_[begin];
                around_.look_around(here);
                for (int n = 0, z = around_.degree(here); n < z; ++n)
                    if (!mark(around_.neighbour(here, n))) return false;
            }
        return true;
    }
};

} // namespace glasswright
