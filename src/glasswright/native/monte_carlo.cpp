// The Monte Carlo as a Python class.
#include "monte_carlo.hpp"
#include "bindings.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

namespace {

using namespace glasswright;
using namespace nb::literals;
using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Fractions = nb::ndarray<const std::int32_t, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Order = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Tables = nb::ndarray<const double, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

constexpr std::chrono::duration<double> signals_every{0.05}; // how long Ctrl-C may wait [s]

void require(bool sound, const char *what) {
    if (!sound) throw std::invalid_argument(what);
}

template <class Array> void require_shape(const Array &array, std::initializer_list<std::size_t> shape, const char *what) {
    bool same = array.ndim() == shape.size();
    std::size_t k = 0;
    for (const std::size_t n : shape) same = same && array.shape(k++) == n;
    require(same, what);
}

// Copied, and so far from overflow that single precision holds sums of squares.
template <class T, class Array> std::vector<T> sound(const Array &array, const char *what) {
    require(std::all_of(array.data(), array.data() + array.size(), [](auto v) { return std::abs(v) < 1e15; }), what);
    return {array.data(), array.data() + array.size()};
}

// Columns so wide that 7 Å of one hold a vector of atoms: measured, for 8 to 15 Å.
double column_width(double volume, std::size_t atoms) { return std::clamp(std::sqrt(simd::lanes / 7.0 * volume / static_cast<double>(atoms)), 4.0, 10.0); }

void make(MonteCarlo *self, const Vectors &positions, const Matrix &cell, const Integers &types, std::int64_t n_types, double r_max, std::int64_t n_bins,
          const Table &minimum_distances, std::uint64_t seed, std::optional<double> width) {
    require(n_types >= 1 && n_types <= 100, "There can be 1 to 100 types of atoms.");
    require(n_bins >= 1 && n_bins <= 1'000'000 && n_types * n_types * n_bins <= 50'000'000, "There are too many bins, or none.");
    require(positions.shape(0) == types.shape(0), "Positions and types must be of the same number of atoms.");
    require(positions.shape(0) >= 1 && positions.shape(0) <= 1 << 24, "There can be 1 to 16 million atoms.");
    const Cell box = to_cell(cell);
    require(r_max > 1e-3 && 2 * r_max <= box.narrowest() * (1 + 1e-9), "r_max must be above 0 and at most half the narrowest width of the cell.");
    std::vector<std::int32_t> type;
    for (std::size_t i = 0; i < types.size(); ++i) {
        require(types.data()[i] >= 0 && types.data()[i] < n_types, "A type of an atom is out of range.");
        type.push_back(static_cast<std::int32_t>(types.data()[i]));
    }
    const auto n = static_cast<std::size_t>(n_types);
    require_shape(minimum_distances, {n, n}, "Minimum distances must be given for every two types.");
    const auto distances = sound<double>(minimum_distances, "Minimum distances must be finite.");
    for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b) require(distances[a * n + b] >= 0 && distances[a * n + b] == distances[b * n + a], "Minimum distances must be symmetric and not negative.");
    const double columns = width ? *width : column_width(box.volume(), type.size());
    require(columns > 0.1 && columns < 1e6, "The width of columns must be a length.");
    const Bins bins{static_cast<int>(n_types), static_cast<int>(n_bins), r_max};
    new (self) MonteCarlo(Configuration(box, positions.data(), std::move(type), bins.n_types, columns), bins, distances, seed);
}

void add_binwise(MonteCarlo &self, const Numbers &weight, const Doubles &target, double floor) {
    const auto n = static_cast<std::size_t>(self.bins().n_types), bins = static_cast<std::size_t>(self.bins().n_bins);
    require_shape(weight, {n, n, bins}, "The weight of a set of data must have the shape (types, types, bins).");
    require_shape(target, {bins}, "The target of a set of data must have one value for every bin.");
    require(floor >= 0 && floor < 1e15, "The floor of a residual must be finite and not negative.");
    self.add_data(std::make_unique<Binwise>(self.bins(), sound<double>(weight, "Weights of data must be finite."), sound<double>(target, "Targets must be finite."), floor));
}

void add_residual(MonteCarlo &self, const Floats &weight, const Floats &window, std::int64_t step, const Floats &matrix, const Doubles &offset, double floor) {
    const auto n = static_cast<std::size_t>(self.bins().n_types), bins = static_cast<std::size_t>(self.bins().n_bins);
    require(step >= 1 && step <= 1000 && window.ndim() == 1 && window.size() <= 100'000, "The window of a residual is not possible.");
    const Spreading spreading(sound<float>(window, "Windows must be finite."), static_cast<std::size_t>(step), bins);
    const char *const shape = "The matrices of a residual must have the shape (matrices, nodes, rank), the offset (rank).";
    require(matrix.ndim() == 3 && matrix.shape(0) >= 1 && matrix.shape(2) >= 1 && matrix.shape(2) <= 100'000, shape);
    require_shape(matrix, {matrix.shape(0), spreading.nodes(), offset.shape(0)}, shape);
    require_shape(weight, {matrix.shape(0), n, n}, "The weights of a residual must have the shape (matrices, types, types).");
    require(matrix.size() < std::size_t{1} << 30, "A residual is too large.");
    require(floor >= 0 && floor < 1e15, "The floor of a residual must be finite and not negative.");
    self.add_data(std::make_unique<Residual>(self.bins(), spreading, sound<float>(weight, "Weights of data must be finite."), sound<float>(matrix, "Rows of a residual must be finite."),
                                             sound<double>(offset, "Offsets of a residual must be finite."), floor));
}

void make_table(PairTable *self, const Table &cutoff, const Table &scale, const Doubles &self_energy, const Tables &force, const Tables &energy, int per_octave) {
    PairTable table;
    const std::size_t n = cutoff.shape(0);
    require(n <= 100 && cutoff.shape(1) == n, "Pair tables must be for 1 to 100 types of atoms.");
    require(energy.shape(3) >= 1 && energy.shape(3) <= 16 && energy.shape(2) <= 1 << 18, "The degree of a pair table must be 1 to 15.");
    table.types = static_cast<int>(n), table.per_octave = per_octave, table.degree = static_cast<int>(energy.shape(3)) - 1;
    table.octaves = per_octave > 0 ? static_cast<int>(energy.shape(2) / static_cast<std::size_t>(per_octave)) : 0;
    const auto copy = [](const auto &array) { return std::vector<double>(array.data(), array.data() + array.size()); };
    table.cutoff = copy(cutoff), table.scale = copy(scale), table.self_energy = copy(self_energy), table.force = copy(force), table.energy = copy(energy);
    table.check();
    const std::size_t numbers = static_cast<std::size_t>(table.segments()) * (table.degree + 1);
    for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < a; ++b) {
            const std::size_t p = a * n + b, q = b * n + a;
            const auto same = [&](const std::vector<double> &v, std::size_t width) { return std::equal(&v[p * width], &v[p * width] + width, &v[q * width]); };
            require(same(table.cutoff, 1) && same(table.scale, 1) && same(table.energy, numbers) && same(table.force, numbers), "Pair tables must be symmetric in the two types.");
        }
    new (self) PairTable(std::move(table));
}

void set_groups(MonteCarlo &self, const std::vector<std::vector<std::int64_t>> &groups) {
    std::vector<std::vector<std::int32_t>> checked;
    for (const auto &group : groups) {
        auto sorted = group;
        std::sort(sorted.begin(), sorted.end());
        require(!group.empty() && group.size() <= 1000 && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "A group must have 1 to 1000 different atoms.");
        require(sorted.front() >= 0 && sorted.back() < static_cast<std::int64_t>(self.configuration().size()), "An atom of a group does not exist.");
        checked.emplace_back(group.begin(), group.end());
    }
    self.set_groups(std::move(checked));
}

template <class T> auto one_column(std::vector<T> values) {
    const std::size_t n = values.size();
    return to_numpy(std::make_unique<std::vector<T>>(std::move(values)), {n});
}

nb::dict run(MonteCarlo &self, std::int64_t trials, double temperature, double energy_weight, const std::vector<double> &data_weights, double chi_temperature,
             const std::vector<double> &step, double swaps, double clusters, double biased, const std::vector<std::pair<int, int>> &between, double cluster_step,
             double cluster_angle, double biased_step) {
    Counts counts;
    {
        nb::gil_scoped_release unlocked;
        Interval interval(signals_every);
        counts = self.run(trials, {temperature, energy_weight, data_weights, chi_temperature}, {step, swaps, clusters, biased, between, cluster_step, cluster_angle, biased_step}, [&] {
            if (!interval.passed()) return;
            interval.restart();
            nb::gil_scoped_acquire locked;
            if (PyErr_CheckSignals() != 0) throw nb::python_error();
        });
    }
    std::vector<std::int64_t> kinds;
    for (const auto &c : counts.by_kind) kinds.insert(kinds.end(), {c.tried, c.accepted, c.too_close, c.refused});
    nb::dict d;
    d["by_kind"] = to_numpy(std::make_unique<std::vector<std::int64_t>>(std::move(kinds)), {move_kinds, 4});
    d["evaluated"] = counts.evaluated, d["energy_change"] = counts.energy_change, d["drift"] = counts.drift;
    d["data_change"] = one_column(std::move(counts.data_change));
    return d;
}

nb::object histogram(const PairHistogram &pairs) {
    const Bins &bins = pairs.bins();
    const auto n = static_cast<std::size_t>(bins.n_types), m = static_cast<std::size_t>(bins.n_bins);
    auto counts = std::make_unique<std::vector<std::int64_t>>(n * n * m, 0);
    for (int a = 0; a < bins.n_types; ++a)
        for (int b = a; b < bins.n_types; ++b)
            for (int k = 0; k < bins.n_bins; ++k) (*counts)[(static_cast<std::size_t>(a) * n + static_cast<std::size_t>(b)) * m + static_cast<std::size_t>(k)] = pairs.count(a, b, k);
    return nb::cast(to_numpy(std::move(counts), {n, n, m}));
}

nb::object fractions(const MonteCarlo &self) {
    auto values = std::make_unique<std::vector<double>>();
    for (const Point &p : self.configuration().points())
        for (const std::int32_t v : {p.x, p.y, p.z}) values->push_back(static_cast<std::uint32_t>(v) / 4294967296.0);
    return nb::cast(to_numpy(std::move(values), {self.configuration().size(), 3}));
}

void set_positions(MonteCarlo &self, const Vectors &positions) {
    require(positions.shape(0) == self.configuration().size(), "Positions must be an array of one row per atom.");
    std::vector<Point> points;
    std::vector<std::int32_t> order;
    for (std::size_t i = 0; i < positions.shape(0); ++i) points.push_back(self.configuration().point_at(positions.data() + 3 * i)), order.push_back(static_cast<std::int32_t>(i));
    self.place(points, order);
}

nb::dict save(MonteCarlo &self) {
    const std::size_t n = self.configuration().size();
    std::vector<std::int32_t> values;
    for (const Point &p : self.configuration().points()) values.insert(values.end(), {p.x, p.y, p.z});
    nb::dict d;
    d["points"] = to_numpy(std::make_unique<std::vector<std::int32_t>>(std::move(values)), {n, 3});
    d["order"] = one_column(self.configuration().order());
    d["drawn"] = self.draws().drawn();
    return d;
}

void load(MonteCarlo &self, const Fractions &saved, const Order &order, std::uint64_t drawn) {
    const std::size_t n = self.configuration().size();
    require(saved.shape(0) == n && order.shape(0) == n, "A saved state is of another number of atoms.");
    std::vector<Point> points(n);
    std::vector<std::int32_t> atoms(order.data(), order.data() + n);
    std::vector<char> met(n, 0);
    for (const std::int32_t atom : atoms) {
        require(atom >= 0 && static_cast<std::size_t>(atom) < n && !met[static_cast<std::size_t>(atom)], "The order of atoms in a saved state is damaged.");
        met[static_cast<std::size_t>(atom)] = 1;
    }
    for (std::size_t i = 0; i < n; ++i) points[i] = {saved(i, 0), saved(i, 1), saved(i, 2)};
    self.place(points, atoms);
    self.draws().go_to(drawn);
}

} // namespace

void bind_monte_carlo(nb::module_ &m) {
    nb::class_<Cost>(m, "Cost", "An energy or a penalty of a Monte Carlo.");
    nb::class_<PairTable>(m, "PairTable", "Pair functions for a Monte Carlo: see pair_table.hpp.")
        .def("__init__", &make_table, "cutoff"_a, "scale"_a, "self_energy"_a, "force"_a, "energy"_a, "per_octave"_a);
    nb::class_<MonteCarlo>(m, "MonteCarlo", "Monte Carlo of atoms in a cell that is lower triangular; units Å, eV.")
        .def("__init__", &make, "positions"_a, "cell"_a, "types"_a, "n_types"_a, "r_max"_a, "n_bins"_a, "minimum_distances"_a, "seed"_a, "column_width"_a = nb::none())
        .def("clear_data", &MonteCarlo::clear_data)
        .def("add_binwise", &add_binwise, "weight"_a, "target"_a, "floor"_a)
        .def("add_residual", &add_residual, "weights"_a, "window"_a, "step"_a, "matrices"_a, "offset"_a, "floor"_a)
        .def("set_pairs", [](MonteCarlo &self, const PairTable *table) { self.set_pairs(table ? std::optional<PairEnergy>(*table) : std::nullopt); }, "table"_a.none())
        .def("set_bias", [](MonteCarlo &self, const PairTable *table) { self.set_bias(table); }, "table"_a.none())
        .def("add", &MonteCarlo::add, "cost"_a)
        .def("set_groups", &set_groups, "groups"_a)
        .def("run", &run, "trials"_a, nb::kw_only(), "temperature"_a, "energy_weight"_a, "data_weights"_a, "chi_temperature"_a, "step"_a, "swaps"_a, "clusters"_a,
             "biased"_a, "between"_a, "cluster_step"_a, "cluster_angle"_a, "biased_step"_a)
        .def("fractions", &fractions)
        .def("set_positions", &set_positions, "positions"_a)
        .def("histogram", [](MonteCarlo &self) { return histogram(self.histogram()); })
        .def("histogram_full", [](MonteCarlo &self) { return histogram(self.count_pairs()); })
        .def("residuals", [](MonteCarlo &self) { return one_column(self.residuals()); })
        .def("energy", &MonteCarlo::energy)
        .def("energy_full", [](MonteCarlo &self) { return self.count_all_energy(); })
        .def("penalty", &MonteCarlo::penalty)
        .def("save", &save)
        .def("load", &load, "points"_a, "order"_a, "drawn"_a);
}
