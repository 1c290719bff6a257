// One Monte Carlo for all methods: reverse Monte Carlo, energy Monte Carlo and both together.
//
// A trial is accepted with probability min(1, exp(-w_E ΔU/kT - N Σ_k w_k ΔR_k²/T_chi - ΔP)): U the energy, R_k² the misfits to the
// data, P the penalties, N the number of atoms. It touches what lies near the atoms that move and nothing else.
#pragma once

#include "data_terms.hpp"
#include "interval.hpp"
#include "minimum_distances.hpp"
#include "moves.hpp"
#include "pair_energy.hpp"

#include <optional>

namespace glasswright {

struct Conditions {
    double temperature = 0;          // kT [eV]; infinite: energies do not count, 0: they must not rise
    double energy_weight = 1;
    std::vector<double> data_weight; // of every data term
    double chi_temperature = 0;      // likewise for Σ_k w_k R_k²
};

struct Counts {
    struct Trials {
        std::int64_t tried = 0, accepted = 0, too_close = 0, refused = 0; // too close: by minimum distances; refused: by another constraint
    };
    std::array<Trials, move_kinds> by_kind{};
    std::int64_t evaluated = 0;      // trials that came to be weighed
    double energy_change = 0;        // Σ |ΔU| over the accepted [eV]
    std::vector<double> data_change; // Σ N |ΔR_k²| over the accepted
    double drift = 0;                // largest relative difference between a total that was added up and its recount
};

class MonteCarlo {
public:
    MonteCarlo(Configuration configuration, const Bins &bins, const std::vector<double> &minimum_distances, std::uint64_t seed)
        : configuration_(std::move(configuration)), bins_(bins), distances_(configuration_, minimum_distances), draws_(seed), increments_(bins), histogram_(bins) {
        require_one_image(bins.r_max, "r_max");
        if (configuration_.size() == 0) throw std::invalid_argument("There are no atoms.");
    }
    ~MonteCarlo() {
        for (const auto &cost : costs_) cost->serves = false;
    }
    MonteCarlo(const MonteCarlo &) = delete;

    const Configuration &configuration() const { return configuration_; }
    const Bins &bins() const { return bins_; }
    Draws &draws() { return draws_; }

    void clear_data() { data_.clear(); }
    void add_data(std::unique_ptr<DataTerm> term) {
        term->refresh(histogram());
        data_.push_back(std::move(term));
    }
    void set_pairs(std::optional<PairEnergy> pairs) {
        if (pairs) {
            if (pairs->types() != bins_.n_types) throw std::invalid_argument("Pair tables must be for the same types of atoms.");
            require_one_image(pairs->cutoff(), "the cutoff of the pair tables");
        }
        pairs_ = std::move(pairs), pair_energy_.reset();
    }
    void add(std::shared_ptr<Cost> cost) {
        cost->check(configuration_);
        if (std::exchange(cost->serves, true)) throw std::invalid_argument("A cost serves one Monte Carlo at a time: make another.");
        costs_.push_back(std::move(cost)), totals_.push_back(costs_.back()->total(configuration_));
    }
    // Pair functions that biased steps follow: energies over kT.
    void set_bias(const PairTable *table) {
        bias_.reset();
        if (!table) return;
        if (table->types != bins_.n_types) throw std::invalid_argument("Pair functions to step along must be for the same types of atoms.");
        require_one_image(table->longest(), "the cutoff of the pair functions");
        bias_.emplace(configuration_, *table);
    }
    void set_groups(std::vector<std::vector<std::int32_t>> groups) { groups_ = std::move(groups); }
    // All atoms to other places, in an order in which they shall be met.
    void place(const std::vector<Point> &points, const std::vector<std::int32_t> &order) {
        configuration_.fill(points, order);
        counted_ = false, pair_energy_.reset();
        refresh();
    }

    // [eV]
    double energy() {
        if (pairs_ && !pair_energy_) pair_energy_ = count_energy();
        double sum = pair_energy_.value_or(0);
        for (std::size_t i = 0; i < costs_.size(); ++i) sum += costs_[i]->kind() == Cost::Kind::energy ? totals_[i] : 0;
        return sum;
    }
    double penalty() const {
        double sum = 0;
        for (std::size_t i = 0; i < costs_.size(); ++i) sum += costs_[i]->kind() == Cost::Kind::penalty ? totals_[i] : 0;
        return sum;
    }
    const PairHistogram &histogram() {
        if (!counted_) {
            histogram_ = count_pairs(), counted_ = true;
            refresh_data();
        }
        return histogram_;
    }
    std::vector<double> residuals() {
        histogram();
        std::vector<double> values;
        for (const auto &term : data_) values.push_back(term->value());
        return values;
    }

    // From the positions alone.
    PairHistogram count_pairs();
    double count_all_energy() {
        double sum = pairs_ ? count_energy() : 0;
        for (const auto &cost : costs_) sum += cost->kind() == Cost::Kind::energy ? cost->total(configuration_) : 0;
        return sum;
    }

    template <class Pause> Counts run(std::int64_t trials, const Conditions &conditions, MoveSettings moves, Pause &&pause);

private:
    static constexpr double together = 1.5; // steps up to which one search serves both places [Å]

    // Where a trial stands against the rest.
    struct Weights {
        bool energy, data; // whether they count
        bool late;         // some energy comes last
        double per_energy, per_misfit;
        std::vector<double> data_weight;
    };
    Weights weigh(const Conditions &conditions) const;
    void trial(const Proposals &proposals, const Weights &weights, Counts &counts);
    bool too_close() const;
    bool accepted(const Weights &weights, double log_ratio, Counts &counts, Counts::Trials &mine);
    void find_differences(const Weights &weights);
    void count_moving(std::size_t i);
    void accept(const Weights &weights);

    void require_one_image(double radius, const char *what) const {
        if (!(radius > 0 && 2 * radius <= configuration_.cell().narrowest() * (1 + 1e-9)))
            throw std::invalid_argument(std::string("In this cell ") + what + " must be above 0 and at most half the narrowest width of the cell.");
    }
    void refresh_data() {
        for (const auto &term : data_) term->refresh(histogram_);
    }
    // Makes everything that trials add up a function of the positions again; what is not known is counted when it is asked for.
    void refresh() {
        if (counted_) refresh_data();
        for (std::size_t i = 0; i < costs_.size(); ++i) totals_[i] = costs_[i]->total(configuration_);
    }
    double count_energy();
    template <class Use> void each_neighbourhood(double radius, Use &&use);

    Configuration configuration_;
    Bins bins_;
    MinimumDistances distances_;
    Draws draws_;
    std::vector<std::vector<std::int32_t>> groups_;

    Increments increments_;
    PairHistogram histogram_;
    bool counted_ = false; // the histogram is that of the positions
    std::vector<std::unique_ptr<DataTerm>> data_;
    std::optional<PairEnergy> pairs_;
    std::optional<Bias> bias_;
    std::optional<double> pair_energy_; // where it is known
    std::vector<std::shared_ptr<Cost>> costs_;
    std::vector<double> totals_;

    // Of the present trial.
    std::vector<Move> trial_;
    std::optional<Surroundings> near_;
    double close_by_ = 0; // how far an atom may go for both its places to be searched at once [Å]
    std::vector<std::int32_t> moving_[4]; // x, y, z and types of atoms that move too
    double pair_change_ = 0;
    std::vector<double> cost_change_, data_change_;
};

template <class Use> void MonteCarlo::each_neighbourhood(double radius, Use &&use) {
    Surroundings near(configuration_, radius, 0);
    for (std::size_t i = 0; i < configuration_.size(); ++i) {
        configuration_.lift(i);
        near.around(configuration_, configuration_.point(i));
        configuration_.settle(i);
        use(i, near.before);
    }
}

inline PairHistogram MonteCarlo::count_pairs() {
    const std::size_t n = configuration_.size(), at_once = std::max<std::size_t>(1, (std::size_t{1} << 31) / n - 1);
    std::vector<std::int64_t> ordered(static_cast<std::size_t>(bins_.n_types) * bins_.n_types * bins_.n_bins, 0);
    Increments part(bins_);
    each_neighbourhood(bins_.r_max, [&](std::size_t i, const NearAtoms &near) {
        part.count<1>(configuration_.type(i), near);
        if ((i + 1) % at_once != 0 && i + 1 != n) return;
        for (const int a : part.types())
            for (int b = 0; b < bins_.n_types; ++b)
                for (int k = 0; k < bins_.n_bins; ++k) ordered[(static_cast<std::size_t>(a) * bins_.n_types + b) * bins_.n_bins + k] += part.row(a, b)[k];
        part.clear();
    });
    PairHistogram histogram(bins_);
    histogram.assign_ordered(ordered);
    return histogram;
}

inline double MonteCarlo::count_energy() {
    double twice = 0, own = 0;
    each_neighbourhood(pairs_->cutoff(), [&](std::size_t i, const NearAtoms &near) {
        twice += pairs_->sum(configuration_.type(i), near), own += pairs_->self_energy(configuration_.type(i));
    });
    return twice / 2 + own;
}

inline MonteCarlo::Weights MonteCarlo::weigh(const Conditions &c) const {
    const auto sound = [](double v) { return v >= 0 && v < 1e300; };
    if (!(c.temperature >= 0) || !(c.chi_temperature >= 0)) throw std::invalid_argument("Temperatures must be 0 or more.");
    if (!sound(c.energy_weight) || !std::all_of(c.data_weight.begin(), c.data_weight.end(), sound)) throw std::invalid_argument("Weights must be finite and not negative.");
    if (c.data_weight.size() != data_.size()) throw std::invalid_argument("There must be one weight for every set of data.");
    constexpr double infinite = std::numeric_limits<double>::infinity();
    Weights w;
    bool any_energy = pairs_.has_value();
    for (const auto &cost : costs_) any_energy |= cost->kind() == Cost::Kind::energy;
    w.per_energy = c.energy_weight / c.temperature, w.per_misfit = static_cast<double>(configuration_.size()) / c.chi_temperature;
    w.energy = any_energy && c.energy_weight > 0 && c.temperature < infinite;
    w.data = !data_.empty() && c.chi_temperature < infinite;
    w.late = w.energy && std::any_of(costs_.begin(), costs_.end(), [](const auto &cost) { return cost->kind() == Cost::Kind::energy && cost->comes_last(); });
    w.data_weight = c.data_weight;
    return w;
}

template <class Pause> Counts MonteCarlo::run(std::int64_t trials, const Conditions &conditions, MoveSettings moves, Pause &&pause) {
    if (trials < 0) throw std::invalid_argument("The number of trials must not be negative.");
    const Weights weights = weigh(conditions);
    const Proposals proposals(configuration_, std::move(moves), groups_, bias_ ? &*bias_ : nullptr);
    if (weights.data) histogram();
    if (weights.energy) energy();
    const double radius = std::max(weights.data ? bins_.r_max : 0.0, weights.energy && pairs_ ? pairs_->cutoff() : 0.0), stride = proposals.longest_step();
    close_by_ = stride < together ? stride : 0;
    if (!(radius > 0)) near_.reset();
    else if (!near_ || !near_->serves(radius, close_by_)) near_.emplace(configuration_, radius, close_by_);
    cost_change_.assign(costs_.size(), 0), data_change_.assign(data_.size(), 0);

    Counts counts;
    counts.data_change.assign(data_.size(), 0);
    const auto finish = [&] {
        const auto added_up = totals_;
        std::vector<double> misfits;
        if (weights.data) misfits = residuals();
        refresh();
        const auto compare = [&](double a, double b) { counts.drift = std::max(counts.drift, std::abs(a - b) / std::max(1.0, std::abs(b))); };
        for (std::size_t i = 0; i < totals_.size(); ++i)
            if (weights.energy || costs_[i]->kind() == Cost::Kind::penalty) compare(added_up[i], totals_[i]);
        for (std::size_t k = 0; k < misfits.size(); ++k) compare(misfits[k], data_[k]->value());
    };
    constexpr std::int64_t between_looks = 256;
    try {
        for (std::int64_t t = 0; t < trials; ++t) {
            if (t % between_looks == 0) pause();
            trial(proposals, weights, counts);
        }
    } catch (...) {
        finish();
        throw;
    }
    finish();
    return counts;
}

inline void MonteCarlo::trial(const Proposals &proposals, const Weights &weights, Counts &counts) {
    const MoveKind kind = proposals.propose(configuration_, draws_, trial_);
    Counts::Trials &mine = counts.by_kind[static_cast<std::size_t>(kind)];
    ++mine.tried;
    for (const Move &m : trial_) configuration_.lift(m.atom);
    bool yes = false;
    if (distances_.any() && too_close()) ++mine.too_close;
    else yes = accepted(weights, proposals.log_ratio(configuration_, kind, trial_), counts, mine);
    if (yes) ++mine.accepted, accept(weights);
    else
        for (const Move &m : trial_) configuration_.settle(m.atom);
}

// Atoms of one trial keep their distances from each other: they are those of a rigid body, or of a pair that changes places.
inline bool MonteCarlo::too_close() const {
    return std::any_of(trial_.begin(), trial_.end(), [&](const Move &m) { return distances_.broken(configuration_, m.type, m.to); });
}

// In two stages, each a Metropolis choice of its own, so that what is dear and seldom decisive is computed only for trials that the rest
// accepts: their product is in detailed balance with the whole weight (Christen and Fox 2005, doi 10.1198/106186005X76983).
inline bool MonteCarlo::accepted(const Weights &weights, double log_ratio, Counts &counts, Counts::Trials &mine) {
    bool allowed = true;
    const auto ask = [&](Cost::Kind kind, bool last) {
        double sum = 0;
        for (std::size_t i = 0; allowed && i < costs_.size(); ++i) {
            if (costs_[i]->kind() != kind || costs_[i]->comes_last() != last) continue;
            sum += cost_change_[i] = costs_[i]->difference(configuration_, trial_);
            allowed = std::abs(cost_change_[i]) < 1e300;
        }
        return sum;
    };
    const auto weigh = [](double change, double factor) { return change == 0 ? 0 : std::isinf(factor) ? (change > 0 ? factor : 0) : change * factor; };
    const auto passes = [&](double exponent) { return !(exponent > 0) || draws_.uniform() < std::exp(-exponent); };

    const double penalty = ask(Cost::Kind::penalty, false);
    if (!allowed) return ++mine.refused, false;
    double energy = 0, misfit = 0;
    if (near_) find_differences(weights);
    if (weights.data)
        for (std::size_t k = 0; k < data_.size(); ++k) data_change_[k] = data_[k]->difference(increments_), misfit += weights.data_weight[k] * data_change_[k];
    if (weights.energy) energy = pair_change_ + ask(Cost::Kind::energy, false);
    if (!allowed) return ++mine.refused, false;
    ++counts.evaluated;
    // At zero temperature the energy must not rise as a whole.
    const bool at_once = weights.late && std::isinf(weights.per_energy);
    if (!passes(penalty - log_ratio + weigh(misfit, weights.per_misfit) + (at_once ? 0 : weigh(energy, weights.per_energy)))) return false;
    if (weights.late) {
        const double last = ask(Cost::Kind::energy, true);
        if (!allowed) return ++mine.refused, false;
        if (!passes(weigh(at_once ? energy + last : last, weights.per_energy))) return false;
        energy += last;
    }

    counts.energy_change += std::abs(energy);
    for (std::size_t k = 0; k < data_change_.size(); ++k) counts.data_change[k] += std::abs(data_change_[k]) * static_cast<double>(configuration_.size());
    return true;
}

// Neighbours of every moving atom, before and after: those at rest, and those of the trial behind it.
inline void MonteCarlo::find_differences(const Weights &weights) {
    increments_.clear();
    pair_change_ = 0;
    for (std::size_t i = 0; i < trial_.size(); ++i) {
        const Move &m = trial_[i];
        const Separation by = configuration_.separation(m.from, m.to);
        near_->around(configuration_, m.from, m.to, by[0] * by[0] + by[1] * by[1] + by[2] * by[2] < close_by_ * close_by_);
        if (i + 1 < trial_.size()) count_moving(i);
        if (weights.data) increments_.count<-1>(m.type, near_->before), increments_.count<1>(m.type, near_->after);
        if (weights.energy && pairs_) pair_change_ += pairs_->sum(m.type, near_->after) - pairs_->sum(m.type, near_->before);
    }
}

inline void MonteCarlo::count_moving(std::size_t i) {
    const std::size_t others = trial_.size() - i - 1;
    const auto look = [&](Point Move::*where, NearAtoms &found) {
        for (auto &values : moving_) values.assign(others + simd::lanes, 0);
        for (std::size_t j = 0; j < others; ++j) {
            const Move &other = trial_[i + 1 + j];
            const Point p = other.*where;
            moving_[0][j] = p.x, moving_[1][j] = p.y, moving_[2][j] = p.z, moving_[3][j] = other.type;
        }
        near_->among(configuration_, {moving_[0].data(), moving_[1].data(), moving_[2].data(), moving_[3].data(), static_cast<int>(others)}, trial_[i].*where, found);
    };
    look(&Move::from, near_->before), look(&Move::to, near_->after);
}

inline void MonteCarlo::accept(const Weights &weights) {
    for (const Move &m : trial_) configuration_.move(m.atom, m.to);
    for (const Move &m : trial_) configuration_.settle(m.atom);
    for (std::size_t i = 0; i < costs_.size(); ++i) {
        if (!weights.energy && costs_[i]->kind() == Cost::Kind::energy) continue;
        costs_[i]->accept(configuration_, trial_);
        totals_[i] += cost_change_[i];
    }
    if (weights.data) {
        histogram_.add(increments_);
        for (const auto &term : data_) term->accept();
    } else counted_ = false;
    if (weights.energy && pairs_) *pair_energy_ += pair_change_;
    else pair_energy_.reset();
}

} // namespace glasswright
