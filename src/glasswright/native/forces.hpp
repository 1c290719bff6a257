// Everything that acts on the atoms: terms over one neighbour list, by one team of threads.
#pragma once

#include "fixed_point.hpp"
#include "neighbour_list.hpp"
#include "system.hpp"

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace glasswright {

// A term in the service of one `Forces`: it reads that one's list.
class Service {
public:
    explicit Service(std::shared_ptr<Term> term) : term_(std::move(term)) {
        if (std::exchange(term_->serves, true)) throw std::invalid_argument("A term serves one Forces at a time: make another term.");
    }
    Service(Service &&) = default;
    ~Service() {
        if (term_) term_->serves = false;
    }
    Term *operator->() const { return term_.get(); }

private:
    std::shared_ptr<Term> term_;
};

class Forces {
public:
    Forces(std::vector<std::int32_t> types, const std::vector<std::shared_ptr<Term>> &terms, double skin, int threads)
        : types_(std::move(types)), terms_(terms.begin(), terms.end()), skin_(skin), team_(checked(threads)) {
        if (!(skin > 0 && skin < 100)) throw std::invalid_argument("The skin of the neighbour list must be a length above 0.");
        if (types_.size() > std::numeric_limits<std::int32_t>::max() / 2) throw std::invalid_argument("There are too many atoms.");
        for (const auto &term : terms_) {
            cutoff_ = std::max(cutoff_, term->cutoff());
            if (term->types() > 0 && n_types_ > 0 && term->types() != n_types_) throw std::invalid_argument("Pairs, far field and triplets must be for the same types of atoms.");
            n_types_ = std::max(n_types_, term->types());
        }
        for (const std::int32_t type : types_)
            if (type < 0 || (n_types_ > 0 && type >= n_types_)) throw std::invalid_argument("A type of an atom is out of range.");
    }

    // The same with terms and a list of its own.
    std::unique_ptr<Forces> another() const {
        std::vector<std::shared_ptr<Term>> terms;
        for (const Service &term : terms_) terms.push_back(term->another());
        return std::make_unique<Forces>(types_, terms, skin_, team_.size());
    }

    // Of every atom, in the order of the caller.
    const std::vector<std::int32_t> &types() const { return types_; }
    double cutoff() const { return cutoff_; }
    Team &team() { return team_; }
    const NeighbourList &list() const { return list_; }
    // Since this object was made.
    std::uint64_t evaluations() const { return evaluations_; }
    std::uint64_t rebuilds() const { return rebuilds_; }

    // Forces of the present positions into atoms.force. May give the atoms another order.
    Totals compute(Atoms &atoms, const Cell &cell, Need need) {
        ++evaluations_;
        check(atoms, cell);
        refresh_fixed(atoms, cell, team_);
        if (cutoff_ > 0 && (listed_ != &atoms || !list_.covers(atoms, cell, cutoff_, team_))) {
            list_.build(atoms, cell, n_types_, list_radius(cell), team_);
            listed_ = &atoms;
            ++rebuilds_;
            for (const auto &term : terms_) term->listed(list_, atoms);
        }
        atoms.force.assign(3 * atoms.size, 0);
        Totals totals;
        for (const auto &term : terms_) term->add(atoms, cell, need, team_, totals);
        return totals;
    }

    // Energy, virial and forces (n, 3) of positions (n, 3) in the order of the caller.
    Totals evaluate(const double *positions, const Cell &cell, double *forces, Need need = Need::everything) {
        Atoms &atoms = own_;
        const std::size_t n = types_.size();
        if (atoms.size != n) {
            atoms.size = n, atoms.type = types_;
            atoms.id.resize(n), atoms.position.resize(3 * n), atoms.velocity.resize(3 * n), atoms.force.resize(3 * n), atoms.fixed.resize(n);
            std::iota(atoms.id.begin(), atoms.id.end(), 0u);
        }
        for (std::size_t k = 0; k < n; ++k) std::copy_n(positions + 3 * std::size_t{atoms.id[k]}, 3, &atoms.position[3 * k]);
        const Totals totals = compute(atoms, cell, need);
        for (std::size_t k = 0; k < n; ++k) std::copy_n(&atoms.force[3 * k], 3, forces + 3 * std::size_t{atoms.id[k]});
        return totals;
    }

    // Has the list made anew at the next evaluation: for atoms that were put in place of others.
    void forget() { listed_ = nullptr; }

private:
    static int checked(int threads) {
        if (threads < 1 || threads > 1024) throw std::invalid_argument("The number of threads must be 1 to 1024.");
        return threads;
    }

    void check(const Atoms &atoms, const Cell &cell) const {
        cell.check();
        if (cutoff_ > cell.narrowest() / 2 * (1 + 1e-9)) throw std::invalid_argument("The cutoff is longer than half the narrowest width of the cell: use more atoms.");
        if (atoms.type.size() != atoms.size || atoms.position.size() != 3 * atoms.size) throw std::invalid_argument("Types and positions must be of the same atoms.");
    }

    // Cutoff and skin, less where the cell is narrow: the nearest image of a pair is the only one within half a width. Where next to no
    // skin would be left, all pairs are listed once and for all.
    double list_radius(const Cell &cell) const {
        const double half = cell.narrowest() / 2;
        if (cutoff_ + skin_ <= half) return cutoff_ + skin_;
        return half - cutoff_ < 0.1 ? std::numeric_limits<double>::infinity() : half;
    }

    std::vector<std::int32_t> types_;
    std::vector<Service> terms_;
    int n_types_ = 0;
    double cutoff_ = 0, skin_;
    Team team_;
    NeighbourList list_;
    const Atoms *listed_ = nullptr;
    Atoms own_;
    std::uint64_t evaluations_ = 0, rebuilds_ = 0;
};

} // namespace glasswright
