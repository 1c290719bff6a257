// Molecular dynamics and minimisation as a Python class.
#include "bindings.hpp"
#include "dynamics.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <string>

namespace {

using namespace glasswright;
using namespace nb::literals;
using Ends = std::pair<double, double>;

constexpr std::chrono::duration<double> signals_every{0.05}; // how long Ctrl-C may wait [s]

// Also so far from overflow that squares and sums are finite.
std::vector<double> finite(const double *data, std::size_t size, const char *what) {
    if (!std::all_of(data, data + size, [](double x) { return std::abs(x) < 1e50; }))
        throw std::invalid_argument(std::string(what) + " must be finite numbers.");
    return {data, data + size};
}

std::vector<double> vectors(const Vectors &array, std::size_t n_atoms, const char *what) {
    if (array.shape(0) != n_atoms) throw std::invalid_argument(std::string(what) + " must be an array of one row per atom.");
    return finite(array.data(), array.size(), what);
}

template <class T> auto copied(const T *data, std::size_t n, std::initializer_list<std::size_t> shape) {
    return to_numpy(std::make_unique<std::vector<T>>(data, data + n), shape);
}
template <std::size_t n> auto copied(const std::array<double, n> &values) { return copied(values.data(), n, {n}); }
auto moved(std::vector<double> values, std::initializer_list<std::size_t> shape) {
    return to_numpy(std::make_unique<std::vector<double>>(std::move(values)), shape);
}
auto matrix(const Cell &cell) { return copied(rows(cell).data(), 9, {3, 3}); }

std::array<double, 3> triple(const nb::dict &saved, const char *name) {
    const auto array = nb::cast<Doubles>(saved[name]);
    if (array.shape(0) != 3) throw std::invalid_argument(std::string("Saved ") + name + " must be three numbers.");
    const auto v = finite(array.data(), 3, name);
    return {v[0], v[1], v[2]};
}

// A column of values for every sample.
template <class Row, class Value> auto column(const std::vector<Row> &rows, Value Row::*member) {
    auto values = std::make_unique<std::vector<Value>>();
    for (const Row &row : rows) values->push_back(row.*member);
    return to_numpy(std::move(values), {rows.size()});
}
template <class Row, class Value> auto flattened(const std::vector<Row> &rows, Value get, std::initializer_list<std::size_t> shape) {
    std::vector<double> values;
    for (const Row &row : rows)
        for (const double x : get(row)) values.push_back(x);
    return moved(std::move(values), shape);
}

nb::dict to_dict(Samples s, std::size_t n_types, std::size_t n_atoms) {
    nb::dict d;
    const std::size_t n = s.thermo.size(), m = s.frame_steps.size();
    const auto same = [](const auto &row) { return row; };
    d["step"] = column(s.thermo, &Thermo::step);
    d["temperature"] = column(s.thermo, &Thermo::temperature);
    d["pressure"] = column(s.thermo, &Thermo::pressure);
    d["potential"] = column(s.thermo, &Thermo::potential);
    d["kinetic"] = column(s.thermo, &Thermo::kinetic);
    d["conserved"] = column(s.thermo, &Thermo::conserved);
    d["stress"] = flattened(s.thermo, [](const Thermo &t) { return t.stress; }, {n, 6});
    d["cell"] = flattened(s.cells, same, {n, 3, 3});
    d["volume"] = flattened(s.cells, [](const std::array<double, 9> &c) { return std::array{c[0] * c[4] * c[8]}; }, {n});
    d["displacement"] = moved(std::move(s.displacement), {n, n_types});
    d["frame_step"] = copied(s.frame_steps.data(), m, {m});
    d["frame_cell"] = flattened(s.frame_cells, same, {m, 3, 3});
    d["frames"] = moved(std::move(s.frames), {m, n_atoms, 3});
    return d;
}

// What is done with Python between two steps: Ctrl-C, and the caller's function at its interval.
class Pause {
public:
    Pause(nb::object callback, double interval) : callback_(std::move(callback)), until_call_(std::chrono::duration<double>(interval)) {}

    void operator()(std::int64_t step) {
        nb::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (callback_.is_none() || !until_call_.passed()) return;
        callback_(step);
        until_call_.restart();
    }

private:
    nb::object callback_; // or None
    Interval until_call_;
};

void set_motion(Dynamics &self, const std::string &ensemble, double timestep, Ends temperature, Ends pressure, const std::string &cell,
                const std::string &thermostat, double thermostat_damping, double barostat_damping, std::int64_t n_steps, std::int64_t done,
                std::optional<double> max_displacement, std::uint64_t seed, bool fresh, double largest_move, double largest_temperature) {
    const auto pick = [](const std::string &word, std::initializer_list<const char *> words, const char *what) {
        const auto found = std::find(words.begin(), words.end(), word);
        if (found == words.end()) throw std::invalid_argument(std::string(what) + " " + word + " is unknown.");
        return static_cast<int>(found - words.begin());
    };
    Motion m;
    m.ensemble = static_cast<Ensemble>(pick(ensemble, {"nve", "nvt", "npt"}, "Ensemble"));
    m.thermostat = static_cast<Thermostat>(pick(thermostat, {"nose-hoover", "langevin", "csvr"}, "Thermostat"));
    m.isotropic = pick(cell, {"isotropic", "anisotropic"}, "Motion of the cell") == 0;
    m.timestep = timestep;
    m.temperature = {temperature.first, temperature.second}, m.pressure = {pressure.first, pressure.second};
    m.thermostat_damping = thermostat_damping, m.barostat_damping = barostat_damping;
    m.n_steps = n_steps;
    m.max_displacement = max_displacement;
    m.seed = seed;
    m.largest_move = largest_move, m.largest_temperature = largest_temperature;
    self.set_motion(m, done, fresh);
}

nb::dict run(Dynamics &self, std::int64_t n_steps, std::int64_t sample_every, std::int64_t frames_every, nb::object callback, double interval) {
    Samples samples;
    {
        Pause pause(std::move(callback), interval);
        nb::gil_scoped_release release;
        samples = self.run(n_steps, {sample_every, frames_every}, pause, signals_every);
    }
    return to_dict(std::move(samples), self.n_types(), self.atoms().size);
}

nb::dict state(Dynamics &self) {
    std::vector<double> forces;
    Thermo t;
    {
        nb::gil_scoped_release release;
        t = self.look(forces);
    }
    const Atoms &atoms = self.atoms();
    const std::size_t n = atoms.size;
    nb::dict d;
    d["step"] = t.step;
    d["positions"] = moved(in_order_of_caller(atoms, atoms.position), {n, 3});
    d["velocities"] = moved(in_order_of_caller(atoms, atoms.velocity), {n, 3});
    d["forces"] = moved(in_order_of_caller(atoms, forces), {n, 3});
    d["cell"] = matrix(self.cell());
    d["temperature"] = t.temperature;
    d["pressure"] = t.pressure;
    d["stress"] = copied(t.stress);
    d["potential"] = t.potential;
    d["kinetic"] = t.kinetic;
    d["conserved"] = t.conserved;
    return d;
}

nb::dict save(Dynamics &self) {
    Saved s = self.save();
    const std::size_t n = self.atoms().size;
    nb::dict d;
    d["step"] = s.step;
    d["positions"] = moved(std::move(s.positions), {n, 3});
    d["velocities"] = moved(std::move(s.velocities), {n, 3});
    d["reference"] = moved(std::move(s.reference), {n, 3});
    d["cell"] = matrix(s.cell);
    d["thermostat"] = copied(s.reservoir.chain.u);
    d["barostat"] = copied(s.reservoir.barostat.u);
    d["barostat_thermostat"] = copied(s.reservoir.barostat.chain.u);
    d["booked"] = s.reservoir.booked;
    return d;
}

void load(Dynamics &self, const nb::dict &d) {
    const std::size_t n = self.atoms().size;
    Saved s;
    s.step = nb::cast<std::int64_t>(d["step"]);
    s.positions = vectors(nb::cast<Vectors>(d["positions"]), n, "Positions");
    s.velocities = vectors(nb::cast<Vectors>(d["velocities"]), n, "Velocities");
    s.reference = vectors(nb::cast<Vectors>(d["reference"]), n, "Reference positions");
    s.cell = to_cell(nb::cast<Matrix>(d["cell"]));
    s.reservoir.chain.u = triple(d, "thermostat");
    s.reservoir.barostat.u = triple(d, "barostat");
    s.reservoir.barostat.chain.u = triple(d, "barostat_thermostat");
    s.reservoir.booked = nb::cast<double>(d["booked"]);
    if (s.step < 0 || !std::isfinite(s.reservoir.booked)) throw std::invalid_argument("Saved step and energy must be numbers of a simulation.");
    self.load(s);
}

nb::dict minimize(Dynamics &self, const std::string &method, double force_tolerance, std::int64_t max_steps, bool cell, double pressure_tolerance) {
    if (method != "fire" && method != "cg") throw std::invalid_argument("Minimiser " + method + " is unknown.");
    if (!(force_tolerance > 0) || !(pressure_tolerance > 0) || max_steps < 0)
        throw std::invalid_argument("Tolerances must be positive and the number of steps not negative.");
    SearchResult r;
    {
        Pause pause(nb::none(), 1.0);
        nb::gil_scoped_release release;
        r = self.minimize({force_tolerance, pressure_tolerance, max_steps, cell}, method == "fire", pause, signals_every);
    }
    nb::dict d;
    d["steps"] = r.steps;
    d["largest_force"] = r.largest_force;
    d["pressure"] = r.pressure;
    d["converged"] = r.converged;
    return d;
}

} // namespace

void bind_dynamics(nb::module_ &m) {
    m.attr("boltzmann") = boltzmann, m.attr("mass_velocity2") = mass_velocity2;
    nb::exception<MotionFailed>(m, "MotionFailed", PyExc_RuntimeError);
    nb::class_<Dynamics>(m, "Dynamics", "A simulation in progress. Arrays are in the caller's order; units Å, fs, eV, u, K.")
        .def(
            "__init__",
            [](Dynamics *self, Forces &forces, const Vectors &positions, const Vectors &velocities, const Matrix &cell, const Doubles &masses) {
                const std::size_t n = forces.types().size();
                new (self) Dynamics(forces, vectors(positions, n, "Positions"), vectors(velocities, n, "Velocities"), to_cell(cell),
                                    finite(masses.data(), masses.size(), "Masses"));
            },
            "forces"_a, "positions"_a, "velocities"_a, "cell"_a, "masses"_a, nb::keep_alive<1, 2>(),
            "`forces` must serve no other simulation; positions (n, 3) [Å], velocities (n, 3) [Å/fs], cell (3, 3), lower triangular, masses by type [u].")
        .def("set_motion", &set_motion, nb::kw_only(), "ensemble"_a, "timestep"_a, "temperature"_a = Ends{300, 300},
             "pressure"_a = Ends{0, 0}, "cell"_a = "isotropic", "thermostat"_a = "nose-hoover", "thermostat_damping"_a = 100.0,
             "barostat_damping"_a = 1000.0, "n_steps"_a = 0, "done"_a = 0, "max_displacement"_a = nb::none(), "seed"_a = 0, "fresh"_a = true,
             "largest_move"_a = Motion{}.largest_move, "largest_temperature"_a = Motion{}.largest_temperature,
             "Install a stage of which `done` steps have run; programmes are linear over n_steps; pressures in eV/Å³.")
        .def("run", &run, "n_steps"_a, "sample_every"_a = 0, "frames_every"_a = 0, "callback"_a = nb::none(), "interval"_a = 1.0,
             "Run and return what was sampled; callback(step) is called every `interval` seconds of wall-clock time.")
        .def("state", &state, "The present state; the trajectory does not depend on looking.")
        .def("set_velocities", [](Dynamics &self, const Vectors &v) { self.set_velocities(vectors(v, self.atoms().size, "Velocities")); }, "velocities"_a)
        .def("set_reference", &Dynamics::set_reference, "Measure displacements from the present positions.")
        .def("save", &save, "Everything that `load` needs; from here on this simulation and the loaded one go on alike bit for bit.")
        .def("load", &load, "saved"_a)
        .def("minimize", &minimize, "method"_a = "fire", "force_tolerance"_a = 1e-3, "max_steps"_a = 5000, "cell"_a = false,
             "pressure_tolerance"_a = 3e-5, "Bring the atoms (and the cell, to zero pressure) to rest; tolerances in eV/Å and eV/Å³.");
}
