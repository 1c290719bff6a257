// Pairs counted so that counts have a gradient, and the forces of pair functions on the same bins.
//
// A pair at the offset t from the middle of its bin, in widths of a bin, leaves its moments 1, t, t² there: sums from which Python makes
// the counts of any spline with one piece per bin. Back come the slopes of pair functions, linear in t, and forces from them.
#include "bindings.hpp"
#include "elementary.hpp"
#include "pair_search.hpp"
#include "parallel.hpp"

#include <bit>
#include <optional>

namespace {

using namespace glasswright;
using namespace nb::literals;
using Slopes = nb::ndarray<const float, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using Moments = simd::Vec<double, 4>; // the last is not used: whole vectors are added

class SmoothPairs {
public:
    SmoothPairs(Matrix cell, Integers types, std::size_t n_types, double r_max, std::size_t n_bins, int threads)
        : n_types_(n_types), n_bins_(n_bins), r_max_(r_max), team_(threads) {
        if (n_types == 0 || n_bins == 0 || n_types > 100 || n_bins > 1'000'000 || n_types * n_types * n_bins > 50'000'000) throw std::invalid_argument("There are too many bins, or none.");
        std::copy_n(cell.data(), 9, cell_.begin());
        for (std::size_t i = 0; i < types.size(); ++i) {
            if (types.data()[i] < 0 || static_cast<std::size_t>(types.data()[i]) >= n_types) throw std::invalid_argument("A type of an atom is out of range.");
            label_.push_back(static_cast<std::int32_t>(static_cast<std::size_t>(types.data()[i]) * n_bins));
        }
    }

    // Moments (n_types, n_types, n_bins, 4) of unordered pairs, each in one of its two orders.
    nb::object moments(Vectors positions) {
        if (positions.shape(0) != label_.size()) throw std::invalid_argument("There must be one type per atom.");
        const std::size_t n = n_types_ * n_types_ * n_bins_;
        auto total = std::make_unique<std::vector<double>>(4 * n, 0.0);
        {
            nb::gil_scoped_release unlocked;
            search_.emplace(positions.data(), label_.data(), label_.size(), cell_.data(), r_max_);
            const auto size = static_cast<std::size_t>(team_.size());
            if (sums_.size() != size) sums_.assign(size, std::vector<double>(4 * n));
            each_cell([&](std::size_t cell, Candidates &near, int thread) { count(cell, near, sums_[static_cast<std::size_t>(thread)]); },
                      [&](int thread) { std::fill(sums_[static_cast<std::size_t>(thread)].begin(), sums_[static_cast<std::size_t>(thread)].end(), 0.0); });
            for (const auto &part : sums_)
                for (std::size_t k = 0; k < 4 * n; ++k) (*total)[k] += part[k];
        }
        return nb::cast(to_numpy(std::move(total), {n_types_, n_types_, n_bins_, std::size_t{4}}));
    }

    // Forces (n, 3) where the moments were taken last, of pair functions whose slope in a bin is s0 + s1 t: (n_types, n_types, n_bins, 4),
    // symmetric in the types, of which the first two numbers count.
    nb::object forces(Slopes slopes) {
        if (!search_) throw std::invalid_argument("Moments must be taken first.");
        if (slopes.shape(0) != n_types_ || slopes.shape(1) != n_types_ || slopes.shape(2) != n_bins_ || slopes.shape(3) != 4) throw std::invalid_argument("The slopes do not fit the bins.");
        auto total = std::make_unique<std::vector<double>>(3 * label_.size(), 0.0);
        {
            nb::gil_scoped_release unlocked;
            std::vector<std::vector<double>> parts(static_cast<std::size_t>(team_.size()), std::vector<double>(3 * label_.size(), 0.0));
            each_cell([&](std::size_t cell, Candidates &near, int thread) { push(cell, near, slopes.data(), parts[static_cast<std::size_t>(thread)]); }, [](int) {});
            for (const auto &part : parts)
                for (std::size_t k = 0; k < part.size(); ++k) (*total)[k] += part[k];
        }
        return nb::cast(to_numpy(std::move(total), {label_.size(), std::size_t{3}}));
    }

private:
    template <class Task, class Begin> void each_cell(Task &&task, Begin &&begin) {
        team_.run([&](int thread) {
            begin(thread);
            Candidates near;
            const auto [first, last] = team_.share(search_->n_cells(), thread, 1);
            for (std::size_t cell = first; cell < last; ++cell) {
                const auto [from, to] = search_->places(cell);
                if (from == to) continue;
                search_->collect(cell, true, near);
                task(cell, near, thread);
            }
        });
    }

    // Where in the table of bins pairs with one atom lie.
    struct Place {
        simd::Float x, y, z, r, t; // from the one to the others [Å]; the offset in widths
        simd::Int index;
        simd::Mask near;
    };
    Place place(const Candidates &near, std::size_t own, std::size_t c, std::int32_t row) const {
        using namespace simd;
        Place p;
        p.x = load<Float>(&near.x[c]) - near.x[own], p.y = load<Float>(&near.y[c]) - near.y[own], p.z = load<Float>(&near.z[c]) - near.z[own];
        p.r = root(p.x * p.x + p.y * p.y + p.z * p.z);
        const Float at = p.r * static_cast<float>(static_cast<double>(n_bins_) / r_max_);
        const Int bin = to_int(at);
        p.t = at - to_float(bin) - 0.5f;
        p.near = less(at, broadcast<Float>(static_cast<float>(n_bins_)));
        p.index = bits_as<Int>(keep(p.near, bits_as<Float>(load<Int>(&near.label[c]) + bin + row)));
        return p;
    }
    std::int32_t row(std::size_t place) const { return search_->label(place) * static_cast<std::int32_t>(n_types_); }

    void count(std::size_t cell, Candidates &near, std::vector<double> &sums) const {
        using namespace simd;
        const auto [begin, end] = search_->places(cell);
        std::vector<std::int32_t> index(near.size + 2 * lanes), offset(near.size + 2 * lanes);
        for (std::size_t k = begin; k < end; ++k) {
            const std::int32_t first = row(k);
            std::size_t n = 0;
            for (std::size_t c = k - begin + 1; c < near.size; c += lanes) {
                const Place p = place(near, k - begin, c, first);
                compress(&offset[n], bits_as<Int>(p.t), p.near);
                n += static_cast<std::size_t>(compress(&index[n], p.index, p.near));
            }
            for (std::size_t m = 0; m < n; ++m) {
                double *const to = &sums[4 * static_cast<std::size_t>(index[m])];
                const double t = static_cast<double>(std::bit_cast<float>(offset[m]));
                store(to, load<Moments>(to) + Moments{1, t, t * t, 0});
            }
        }
    }

    void push(std::size_t cell, Candidates &near, const float *slopes, std::vector<double> &total) const {
        using namespace simd;
        const auto [begin, end] = search_->places(cell);
        std::vector<float> fx(near.size + lanes, 0), fy(near.size + lanes, 0), fz(near.size + lanes, 0);
        for (std::size_t k = begin; k < end; ++k) {
            const std::int32_t first = row(k);
            const std::size_t own = k - begin;
            Float sx{}, sy{}, sz{};
            for (std::size_t c = own + 1; c < near.size; c += lanes) {
                const Place p = place(near, own, c, first);
                std::int32_t at[lanes];
                store(at, p.index * 16);
                Float s0, s1, none, nothing;
                gather_rows(slopes, at, s0, s1, none, nothing);
                const Float s = keep(p.near, (s0 + s1 * p.t) / greatest(p.r, broadcast<Float>(1e-6f)));
                const auto add = [&](std::vector<float> &to, Float &sum, Float away) {
                    const Float part = s * away;
                    sum += part;
                    store(&to[c], load<Float>(&to[c]) - part);
                };
                add(fx, sx, p.x), add(fy, sy, p.y), add(fz, sz, p.z);
            }
            fx[own] += sum(sx), fy[own] += sum(sy), fz[own] += sum(sz);
        }
        for (std::size_t c = 0; c < near.size; ++c) {
            double *const to = &total[3 * static_cast<std::size_t>(search_->atom(static_cast<std::size_t>(near.place[c])))];
            to[0] += static_cast<double>(fx[c]), to[1] += static_cast<double>(fy[c]), to[2] += static_cast<double>(fz[c]);
        }
    }

    std::size_t n_types_, n_bins_;
    double r_max_;
    std::array<double, 9> cell_;
    std::vector<std::int32_t> label_; // type · n_bins
    Team team_;
    std::optional<PairSearch> search_; // of the positions whose moments were taken last
    std::vector<std::vector<double>> sums_;
};

} // namespace

void bind_smooth_pairs(nb::module_ &m) {
    nb::class_<SmoothPairs>(m, "SmoothPairs")
        .def(nb::init<Matrix, Integers, std::size_t, double, std::size_t, int>(), "cell"_a, "types"_a, "n_types"_a, "r_max"_a, "n_bins"_a, "threads"_a)
        .def("moments", &SmoothPairs::moments, "positions"_a)
        .def("forces", &SmoothPairs::forces, "slopes"_a);
}
