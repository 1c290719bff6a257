// What a trial tries: one atom goes elsewhere, two change places, or a group moves as a rigid body. Every trial is as probable as its
// reverse, but for steps along a force, whose `Bias` tells by how much it is not.
#pragma once

#include "bias.hpp"

#include <utility>

namespace glasswright {

struct MoveSettings {
    std::vector<double> step;                 // by type: an atom goes to anywhere in a cube of twice this edge [Å]
    double swaps = 0, clusters = 0, biased = 0; // their share of the trials; the rest displace single atoms
    std::vector<std::pair<int, int>> between; // types whose atoms change places; all of different types if empty
    double cluster_step = 0, cluster_angle = 0; // largest shift along each axis [Å], largest rotation [rad]
    double biased_step = 0;                     // width of a step along a force [Å]
};

enum class MoveKind { displacement, swap, cluster, biased };
inline constexpr int move_kinds = 4;

class Proposals {
public:
    Proposals(const Configuration &configuration, MoveSettings settings, const std::vector<std::vector<std::int32_t>> &groups, Bias *bias)
        : settings_(std::move(settings)), groups_(groups), bias_(bias), of_type_(static_cast<std::size_t>(configuration.n_types())) {
        const auto require = [](bool sound, const char *what) {
            if (!sound) throw std::invalid_argument(what);
        };
        const double widest = configuration.cell().narrowest() / 2, special = settings_.swaps + settings_.clusters + settings_.biased;
        const auto possible = [&](double step) { return step >= 0 && step <= widest; };
        require(settings_.step.size() == of_type_.size(), "There must be one step for every type of atoms.");
        require(std::all_of(settings_.step.begin(), settings_.step.end(), possible) && possible(settings_.cluster_step), "Steps must be 0 to half the narrowest width of the cell.");
        require(settings_.cluster_angle >= 0 && settings_.cluster_angle <= 3.2, "The angle of clusters must be 0 to 180 degrees.");
        require(settings_.swaps >= 0 && settings_.clusters >= 0 && settings_.biased >= 0 && special <= 1, "The shares of swaps, clusters and biased steps must be 0 to 1 together.");
        require(settings_.clusters == 0 || !groups.empty(), "There are no groups of atoms to move as clusters.");
        require(settings_.biased == 0 || bias_, "There are no pair functions to step along.");
        require(settings_.biased == 0 || (settings_.biased_step > 1e-6 && settings_.biased_step <= widest / 8),
                "The width of biased steps must be above 0 and at most a sixteenth of the narrowest width of the cell.");
        if (settings_.swaps > 0) choose_swaps(configuration);
    }

    // How far single atoms go, but for rare ones [Å].
    double longest_step() const {
        const double cube = std::sqrt(3.0) * *std::max_element(settings_.step.begin(), settings_.step.end());
        return settings_.biased > 0 ? std::max(cube, 5 * settings_.biased_step) : cube;
    }

    MoveKind propose(const Configuration &configuration, Draws &draws, std::vector<Move> &trial) const {
        trial.clear();
        if (settings_.swaps + settings_.clusters + settings_.biased > 0) {
            double which = draws.uniform();
            if (which < settings_.swaps) return swap(configuration, draws, trial);
            which -= settings_.swaps;
            if (which < settings_.clusters) return cluster(configuration, draws, trial);
            which -= settings_.clusters;
            if (which < settings_.biased) return biased(configuration, draws, trial);
        }
        const std::size_t atom = draws.below(configuration.size());
        const std::int32_t type = configuration.type(atom);
        const double step = settings_.step[static_cast<std::size_t>(type)], x = draws.symmetric(), y = draws.symmetric(), z = draws.symmetric();
        const Point from = configuration.point(atom);
        trial.push_back({static_cast<std::int32_t>(atom), type, from, configuration.moved(from, {step * x, step * y, step * z})});
        return MoveKind::displacement;
    }

    // ln of the probability of the way back over that of this trial, its atoms being lifted.
    double log_ratio(const Configuration &configuration, MoveKind kind, Trial trial) const {
        return kind == MoveKind::biased ? bias_->log_ratio(configuration, trial[0], settings_.biased_step) : 0.0;
    }

private:
    MoveKind biased(const Configuration &configuration, Draws &draws, std::vector<Move> &trial) const {
        const std::size_t atom = draws.below(configuration.size());
        Move move{static_cast<std::int32_t>(atom), configuration.type(atom), configuration.point(atom), {}};
        move.to = configuration.moved(move.from, bias_->step(configuration, move, settings_.biased_step, draws));
        trial.push_back(move);
        return MoveKind::biased;
    }

    void choose_swaps(const Configuration &configuration) {
        for (std::size_t i = 0; i < configuration.size(); ++i) of_type_[static_cast<std::size_t>(configuration.type(i))].push_back(static_cast<std::int32_t>(i));
        auto &pairs = settings_.between;
        const int n = static_cast<int>(of_type_.size());
        if (pairs.empty())
            for (int a = 0; a < n; ++a)
                for (int b = a + 1; b < n; ++b) pairs.push_back({a, b});
        double sum = 0;
        for (const auto &[a, b] : pairs) {
            if (a < 0 || b < 0 || a >= n || b >= n || a == b) throw std::invalid_argument("Atoms can be swapped between two different types only.");
            share_.push_back(sum += static_cast<double>(of_type_[a].size()) * static_cast<double>(of_type_[b].size()));
        }
        if (!(sum > 0)) throw std::invalid_argument("There are no atoms of different types to be swapped.");
    }

    MoveKind swap(const Configuration &configuration, Draws &draws, std::vector<Move> &trial) const {
        const double which = draws.uniform() * share_.back();
        const auto k = static_cast<std::size_t>(std::upper_bound(share_.begin(), share_.end() - 1, which) - share_.begin());
        const auto [a, b] = settings_.between[k];
        const std::int32_t i = of_type_[a][draws.below(of_type_[a].size())], j = of_type_[b][draws.below(of_type_[b].size())];
        const Point p = configuration.point(static_cast<std::size_t>(i)), q = configuration.point(static_cast<std::size_t>(j));
        trial.push_back({i, a, p, q}), trial.push_back({j, b, q, p});
        return MoveKind::swap;
    }

    // About the middle of the group, which a shift takes along: the reverse is the inverse rotation and the opposite shift.
    MoveKind cluster(const Configuration &configuration, Draws &draws, std::vector<Move> &trial) const {
        const auto &group = groups_[draws.below(groups_.size())];
        const Point first = configuration.point(static_cast<std::size_t>(group[0]));
        Separation middle{}, shift;
        for (const std::int32_t atom : group) {
            const Separation s = configuration.separation(first, configuration.point(static_cast<std::size_t>(atom)));
            for (std::size_t k = 0; k < 3; ++k) middle[k] += s[k] / static_cast<double>(group.size());
        }
        for (double &s : shift) s = settings_.cluster_step * draws.symmetric();
        const double height = draws.symmetric(), turn = 3.14159265358979324 * draws.symmetric(), angle = settings_.cluster_angle * draws.symmetric();
        const double wide = std::sqrt(1 - height * height), sine = std::sin(angle), cosine = std::cos(angle);
        const Separation axis{wide * std::cos(turn), wide * std::sin(turn), height};
        for (const std::int32_t atom : group) {
            const Point from = configuration.point(static_cast<std::size_t>(atom));
            Separation s = configuration.separation(first, from), to;
            double along = 0;
            for (std::size_t k = 0; k < 3; ++k) s[k] -= middle[k], along += axis[k] * s[k];
            for (std::size_t k = 0; k < 3; ++k) {
                const std::size_t l = (k + 1) % 3, m = (k + 2) % 3;
                to[k] = cosine * s[k] + sine * (axis[l] * s[m] - axis[m] * s[l]) + (1 - cosine) * along * axis[k] + middle[k] + shift[k];
            }
            trial.push_back({atom, configuration.type(static_cast<std::size_t>(atom)), from, configuration.moved(first, to)});
        }
        return MoveKind::cluster;
    }

    MoveSettings settings_;
    const std::vector<std::vector<std::int32_t>> &groups_;
    Bias *bias_;
    std::vector<std::vector<std::int32_t>> of_type_;
    std::vector<double> share_; // of the pairs of types, summed up
};

} // namespace glasswright
