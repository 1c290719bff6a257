// Kernels by number, as a C function and as a Python class.
#include "kernel.hpp"
#include "bindings.hpp"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>

namespace {

using namespace glasswright;

// A compiled program outlives the objects it was compiled for, and is stored on disk: it knows a kernel by its number, not its address.
struct Register {
    std::mutex mutex;
    std::map<std::int64_t, std::shared_ptr<Kernel>> kernels;
    std::int64_t last = 0;

    std::int64_t add(std::shared_ptr<Kernel> kernel) {
        const std::lock_guard lock(mutex);
        kernels.emplace(++last, std::move(kernel));
        return last;
    }
    void remove(std::int64_t number) {
        std::shared_ptr<Kernel> last_of_it; // freed, unless it is in use, after the lock
        const std::lock_guard lock(mutex);
        if (const auto found = kernels.find(number); found != kernels.end()) last_of_it = std::move(found->second), kernels.erase(found);
    }
    std::shared_ptr<Kernel> at(std::int64_t number) {
        const std::lock_guard lock(mutex);
        const auto found = kernels.find(number);
        if (found == kernels.end()) throw std::invalid_argument("The force field that this function was compiled for no longer exists: compile it anew.");
        return found->second;
    }
};

Register &registered() {
    static Register *const all = new Register; // never destroyed: threads of others may call until the very end
    return *all;
}

std::shared_ptr<Kernel> of_atoms(std::int64_t number, std::size_t n_atoms) {
    std::shared_ptr<Kernel> kernel = registered().at(number);
    if (kernel->atoms() != n_atoms)
        throw std::invalid_argument("The force field is for " + std::to_string(kernel->atoms()) + " atoms and there are " + std::to_string(n_atoms) + " positions.");
    return kernel;
}

// What `evaluate` of a kernel does, for callers in C: 0, or 1 and a message of at most `room` bytes.
int evaluate_in_c(std::int64_t number, std::int64_t system, std::int64_t n_atoms, std::int64_t everything, const double *positions, const double *cell, double *energy,
                  double *forces, double *virial, char *message, std::int64_t room) {
    try {
        const auto kernel = of_atoms(number, static_cast<std::size_t>(n_atoms));
        kernel->evaluate(static_cast<std::size_t>(system), everything ? Need::everything : Need::forces, positions, cell, energy, forces, virial);
        return 0;
    } catch (const std::exception &error) {
        const std::string what = error.what();
        const std::size_t length = std::min(what.size(), static_cast<std::size_t>(room > 0 ? room - 1 : 0));
        std::copy_n(what.data(), length, message);
        if (room > 0) message[length] = 0;
        return 1;
    }
}

// The same for Python.
nb::tuple evaluate(std::int64_t number, std::int64_t system, const Vectors &positions, const Matrix &cell, bool everything) {
    const std::size_t n = positions.shape(0);
    const auto kernel = of_atoms(number, n);
    auto forces = std::make_unique<std::vector<double>>(3 * n), virial = std::make_unique<std::vector<double>>(9);
    double energy = 0;
    if (system < 0) throw std::invalid_argument("Systems are counted from 0.");
    {
        nb::gil_scoped_release release;
        kernel->evaluate(static_cast<std::size_t>(system), everything ? Need::everything : Need::forces, positions.data(), cell.data(), &energy, forces->data(), virial->data());
    }
    return nb::make_tuple(energy, to_numpy(std::move(forces), {n, 3}), to_numpy(std::move(virial), {3, 3}));
}

// What Python holds: the kernel is registered as long as this lives.
struct Registered {
    explicit Registered(const Forces &forces) : number(registered().add(std::make_shared<Kernel>(forces))) {}
    Registered(const Registered &) = delete;
    ~Registered() { registered().remove(number); }
    const std::int64_t number;
};

} // namespace

void bind_kernel(nb::module_ &m) {
    nb::class_<Registered>(m, "Kernel", "Forces for compiled programs: of several systems of the same atoms, from any thread, in cells turned any way.")
        .def(nb::init<const Forces &>(), nb::arg("forces"))
        .def_ro("number", &Registered::number)
        .def(
            "evaluate",
            [](const Registered &self, const Vectors &positions, const Matrix &cell, std::int64_t system, bool everything) {
                return evaluate(self.number, system, positions, cell, everything);
            },
            nb::arg("positions"), nb::arg("cell"), nb::arg("system") = 0, nb::arg("everything") = true,
            "Energy [eV], forces (n, 3) [eV/Å] and virial -dE/dε (3, 3) [eV]; energy and virial only with everything.");
    m.attr("kernel_function") = reinterpret_cast<std::uintptr_t>(&evaluate_in_c);
}
