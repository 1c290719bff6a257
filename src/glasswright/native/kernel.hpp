// The forces of the core for compiled programs that are not Python (XLA): through one C function, from any thread, several systems at once.
#pragma once

#include "forces.hpp"

#include <map>
#include <mutex>

namespace glasswright {

// As many `Forces` as there are systems and callers at a time: each keeps the neighbour list of its system.
class Kernel {
public:
    // More systems than this take turns.
    static constexpr std::size_t most_systems = 256;

    explicit Kernel(const Forces &forces) : pattern_(forces.another()) {}

    std::size_t atoms() const { return pattern_->types().size(); }

    // Of one of several systems of the same atoms: `system` tells whose list may be used again. Rows of `cell` are the cell vectors, turned
    // any way; the virial is -dE/dε (3, 3).
    void evaluate(std::size_t system, Need need, const double *positions, const double *cell, double *energy, double *forces, double *virial) {
        const Turn turn(cell);
        const Lease lease(*this, system % most_systems);
        std::vector<double> &turned = lease->positions;
        const double *places = positions;
        if (turn.needed) {
            turned.resize(3 * atoms());
            for (std::size_t i = 0; i < atoms(); ++i) turn.forth(positions + 3 * i, &turned[3 * i]);
            places = turned.data();
        }
        const Totals totals = lease->forces->evaluate(places, turn.cell, forces, need);
        *energy = totals.energy;
        const Tensor &w = totals.virial;
        const double square[9] = {w[0], w[5], w[4], w[5], w[1], w[3], w[4], w[3], w[2]};
        std::copy_n(square, 9, virial);
        if (!turn.needed) return;
        for (std::size_t i = 0; i < atoms(); ++i) turn.back(forces + 3 * i);
        // Rows, then columns.
        for (int pass = 0; pass < 2; ++pass) {
            for (int row = 0; row < 3; ++row) turn.back(virial + 3 * row);
            std::swap(virial[1], virial[3]), std::swap(virial[2], virial[6]), std::swap(virial[5], virial[7]);
        }
    }

private:
    struct Slot {
        std::unique_ptr<Forces> forces;
        std::vector<double> positions;
        bool taken = false;
    };

    // A slot while it is used: that of the system, or the next free one where another caller has it.
    class Lease {
    public:
        Lease(Kernel &kernel, std::size_t first) : kernel_(kernel) {
            const std::lock_guard lock(kernel_.mutex_);
            while (kernel_.slots_[first].taken) ++first;
            slot_ = &kernel_.slots_[first];
            if (!slot_->forces) slot_->forces = kernel_.pattern_->another();
            slot_->taken = true;
        }
        Lease(const Lease &) = delete;
        ~Lease() {
            const std::lock_guard lock(kernel_.mutex_);
            slot_->taken = false;
        }
        Slot *operator->() const { return slot_; }

    private:
        Kernel &kernel_;
        Slot *slot_;
    };

    // From a cell turned any way to a lower triangular one, and back.
    struct Turn {
        explicit Turn(const double *h) : needed(h[1] != 0 || h[2] != 0 || h[5] != 0 || h[0] < 0 || h[4] < 0 || h[8] < 0) {
            for (int k = 0; k < 9; ++k)
                if (!std::isfinite(h[k])) throw std::invalid_argument("The matrix of the cell must be finite.");
            if (needed)
                for (int row = 0; row < 3; ++row) { // the cell vectors made perpendicular, one after another
                    std::copy_n(h + 3 * row, 3, axis[row]);
                    for (int pass = 0; pass < 2; ++pass)
                        for (int before = 0; before < row; ++before) {
                            const double along = dot(axis[row], axis[before]);
                            for (int k = 0; k < 3; ++k) axis[row][k] -= along * axis[before][k];
                        }
                    const double length = std::sqrt(dot(axis[row], axis[row])), before = std::sqrt(dot(h + 3 * row, h + 3 * row));
                    if (!(length > 1e-6 * before)) throw std::invalid_argument("The cell must have a volume.");
                    for (double &x : axis[row]) x /= length;
                }
            double m[9];
            for (int row = 0; row < 3; ++row) forth(h + 3 * row, m + 3 * row);
            cell = {m[0], m[4], m[8], m[7], m[6], m[3]};
        }
        static double dot(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
        void forth(const double *from, double *to) const {
            for (int k = 0; k < 3; ++k) to[k] = needed ? dot(from, axis[k]) : from[k];
        }
        void back(double *v) const {
            const double x = v[0], y = v[1], z = v[2];
            for (int k = 0; k < 3; ++k) v[k] = x * axis[0][k] + y * axis[1][k] + z * axis[2][k];
        }

        bool needed;
        double axis[3][3] = {};
        Cell cell;
    };

    std::unique_ptr<const Forces> pattern_;
    std::mutex mutex_;
    std::map<std::size_t, Slot> slots_;
};

} // namespace glasswright
