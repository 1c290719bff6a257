// Squared distances and types of the atoms near a place, packed for vectors: what histograms and pair energies are made of.
#pragma once

#include "configuration.hpp"

namespace glasswright {

struct NearAtoms {
    std::vector<std::int32_t> r2;   // the bits of floats [Å²]
    std::vector<std::int32_t> type;
    std::size_t size = 0;

    void make_room(std::size_t atoms) { r2.assign(atoms + 2 * simd::lanes, 0), type.assign(atoms + 2 * simd::lanes, 0); }

    // Adds atoms and keeps its place in registers; `close` tells how many there are.
    struct Writer {
        NearAtoms &to;
        std::int32_t *r2 = &to.r2[to.size], *type = &to.type[to.size];

        void add(simd::Float distance2, simd::Int types, simd::Mask which) {
            simd::compress(r2, simd::bits_as<simd::Int>(distance2), which);
            const int n = simd::compress(type, types, which);
            r2 += n, type += n;
        }
        void close() { to.size = static_cast<std::size_t>(type - to.type.data()); }
    };
};

// Atoms side by side in memory.
struct Stored {
    const std::int32_t *x, *y, *z, *type;
    int size;

    Stored part(std::size_t begin, std::size_t end) const { return {x + begin, y + begin, z + begin, type + begin, static_cast<int>(end - begin)}; }
};

// Looks for the neighbours of an atom where it is and where it would go.
class Surroundings {
public:
    NearAtoms before, after;

    // radius: up to which distance neighbours are found [Å]; stride: how far an atom may go for both places to be searched at once.
    Surroundings(const Configuration &configuration, double radius, double stride)
        : radius_(radius), stride_(stride), at_one_(configuration.reach(radius)), at_both_(configuration.reach(radius + stride)), limit_(static_cast<float>(radius * radius)) {
        before.make_room(configuration.size()), after.make_room(configuration.size());
    }

    bool serves(double radius, double stride) const { return radius == radius_ && stride == stride_; }

    // All atoms at rest near either place.
    void around(const Configuration &configuration, Point from, Point to, bool close_by) {
        configuration.metric().straight ? around<true>(configuration, from, to, close_by) : around<false>(configuration, from, to, close_by);
    }
    // All atoms at rest near a place, as `before`.
    void around(const Configuration &configuration, Point p) {
        before.size = 0;
        configuration.metric().straight ? one<true>(configuration, p, before) : one<false>(configuration, p, before);
    }
    // Further atoms, such as those that move at the same time.
    void among(const Configuration &configuration, const Stored &run, Point p, NearAtoms &found) const {
        const Metric &metric = configuration.metric();
        NearAtoms::Writer writer{found};
        metric.straight ? scan<true>(metric, run, p, configuration.n_types(), writer) : scan<false>(metric, run, p, configuration.n_types(), writer);
        writer.close();
    }

private:
    template <bool straight> void around(const Configuration &configuration, Point from, Point to, bool close_by) {
        before.size = after.size = 0;
        if (!close_by) {
            one<straight>(configuration, from, before), one<straight>(configuration, to, after);
            return;
        }
        const Metric metric = configuration.metric();
        const Stored all = stored(configuration);
        const std::int32_t lifted = configuration.n_types();
        NearAtoms::Writer old_place{before}, new_place{after};
        configuration.each_run(at_both_, from, [&](Configuration::Slot begin, Configuration::Slot end) {
            scan_both<straight>(metric, all.part(begin, end), from, to, lifted, old_place, new_place);
        });
        old_place.close(), new_place.close();
    }
    template <bool straight> void one(const Configuration &configuration, Point p, NearAtoms &found) const {
        const Metric metric = configuration.metric();
        const Stored all = stored(configuration);
        const std::int32_t lifted = configuration.n_types();
        NearAtoms::Writer writer{found};
        configuration.each_run(at_one_, p, [&](Configuration::Slot begin, Configuration::Slot end) { scan<straight>(metric, all.part(begin, end), p, lifted, writer); });
        writer.close();
    }
    static Stored stored(const Configuration &c) { return {c.x(), c.y(), c.z(), c.labels(), 0}; }

    template <bool straight> static simd::Float distance2(const Metric &metric, simd::Int x, simd::Int y, simd::Int z, Point p) {
        using namespace simd;
        return metric.distance2<straight>(wrapping_difference(x, broadcast<Int>(p.x)), wrapping_difference(y, broadcast<Int>(p.y)), wrapping_difference(z, broadcast<Int>(p.z)));
    }
    template <bool straight> void scan(const Metric &metric, const Stored &run, Point p, std::int32_t lifted, NearAtoms::Writer &found) const {
        using namespace simd;
        const Float limit = broadcast<Float>(limit_);
        for (int k = 0; k < run.size; k += lanes) {
            const Int type = load<Int>(run.type + k);
            const Mask there = both(first_lanes(run.size - k), differ(type, broadcast<Int>(lifted)));
            const Float r2 = distance2<straight>(metric, load<Int>(run.x + k), load<Int>(run.y + k), load<Int>(run.z + k), p);
            found.add(r2, type, both(less(r2, limit), there));
        }
    }
    template <bool straight>
    void scan_both(const Metric &metric, const Stored &run, Point from, Point to, std::int32_t lifted, NearAtoms::Writer &old_place, NearAtoms::Writer &new_place) const {
        using namespace simd;
        const Float limit = broadcast<Float>(limit_);
        for (int k = 0; k < run.size; k += lanes) {
            const Int type = load<Int>(run.type + k), x = load<Int>(run.x + k), y = load<Int>(run.y + k), z = load<Int>(run.z + k);
            const Mask there = both(first_lanes(run.size - k), differ(type, broadcast<Int>(lifted)));
            const Float r2 = distance2<straight>(metric, x, y, z, from), new_r2 = distance2<straight>(metric, x, y, z, to);
            old_place.add(r2, type, both(less(r2, limit), there));
            new_place.add(new_r2, type, both(less(new_r2, limit), there));
        }
    }

    double radius_, stride_;
    Reach at_one_, at_both_;
    float limit_;
};

} // namespace glasswright
