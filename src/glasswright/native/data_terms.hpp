// How far histograms are from measured data, R², and what a trial changes in it.
#pragma once

#include "increments.hpp"
#include "spreading.hpp"

#include <memory>

namespace glasswright {

class DataTerm {
public:
    virtual ~DataTerm() = default;
    // Counts everything anew.
    virtual void refresh(const PairHistogram &histogram) = 0;
    virtual double value() const = 0;
    // What the trial adds to R²; `accept` makes it so.
    virtual double difference(const Increments &increments) = 0;
    virtual void accept() = 0;
};

// R² = Σ_k (Σ_ab weight_abk h_abk - target_k)² + floor: a curve on the bins themselves.
class Binwise : public DataTerm {
public:
    // weight (types, types, bins), symmetric
    Binwise(const Bins &bins, const std::vector<double> &weight, std::vector<double> target, double floor)
        : bins_(bins), row_(static_cast<std::size_t>(bins.row())), weight_(weight), target_(std::move(target)), floor_(floor) {
        packed_.assign(static_cast<std::size_t>(bins.n_types) * bins.n_types * row_, 0);
        for (std::size_t p = 0; p < static_cast<std::size_t>(bins.n_types) * bins.n_types; ++p)
            for (int k = 0; k < bins.n_bins; ++k) packed_[p * row_ + k] = static_cast<float>(weight[p * bins.n_bins + k]);
        residual_.assign(row_, 0), change_.assign(row_, 0), misfit_.assign(bins.n_bins, 0);
    }

    void refresh(const PairHistogram &histogram) override {
        value_ = floor_;
        for (int k = 0; k < bins_.n_bins; ++k) {
            double sum = -target_[k];
            for (int a = 0; a < bins_.n_types; ++a)
                for (int b = a; b < bins_.n_types; ++b) sum += weight_[(static_cast<std::size_t>(a) * bins_.n_types + b) * bins_.n_bins + k] * static_cast<double>(histogram.count(a, b, k));
            misfit_[k] = sum, residual_[k] = static_cast<float>(sum), value_ += sum * sum;
        }
    }
    double value() const override { return value_; }

    double difference(const Increments &increments) override {
        using namespace simd;
        Float total{};
        for (std::size_t k = 0; k < row_; k += lanes) {
            Float change{};
            for (const int a : increments.types())
                for (int b = 0; b < bins_.n_types; ++b) {
                    const Float weight = load<Float>(&packed_[(static_cast<std::size_t>(a) * bins_.n_types + b) * row_ + k]);
                    change = multiply_add(to_float(load<Int>(increments.row(a, b) + k)), weight, change);
                }
            store(&change_[k], change);
            total = multiply_add(change, change + 2 * load<Float>(&residual_[k]), total);
        }
        return difference_ = static_cast<double>(sum(total));
    }
    void accept() override {
        for (int k = 0; k < bins_.n_bins; ++k) misfit_[k] += static_cast<double>(change_[k]), residual_[k] = static_cast<float>(misfit_[k]);
        value_ += difference_;
    }

private:
    Bins bins_;
    std::size_t row_;
    std::vector<double> weight_, target_, misfit_;
    std::vector<float> packed_, residual_, change_; // 0 behind the last bin
    double floor_, value_ = 0, difference_ = 0;
};

// R² = |Σ_abk rows_abk h_abk + offset|² + floor, with vectors rows_abk = Σ_sn weight_sab window_kn matrix_sn. Where weights do not depend
// on Q, as with neutrons, one matrix serves all pairs of types.
class Residual : public DataTerm {
public:
    // weight (matrices, types, types), symmetric; matrix (matrices, nodes, rank)
    Residual(const Bins &bins, Spreading spreading, std::vector<float> weight, const std::vector<float> &matrix, std::vector<double> offset, double floor)
        : bins_(bins), spreading_(std::move(spreading)), rank_(offset.size()), wide_((rank_ + simd::lanes - 1) / simd::lanes * simd::lanes), weight_(std::move(weight)),
          offset_(std::move(offset)), floor_(floor) {
        const std::size_t rows = matrix.size() / rank_;
        matrix_.assign(rows * wide_, 0);
        for (std::size_t k = 0; k < rows; ++k) std::copy_n(&matrix[k * rank_], rank_, &matrix_[k * wide_]);
        n_matrices_ = rows / spreading_.nodes();
        misfit_.assign(rank_, 0), residual_.assign(wide_, 0), change_.assign(wide_, 0);
        sum_.assign(static_cast<std::size_t>(bins.row()), 0), rows_.resize(rows), factors_.resize(rows);
    }

    void refresh(const PairHistogram &histogram) override {
        misfit_ = offset_;
        for (std::size_t s = 0; s < n_matrices_; ++s) {
            std::vector<double> counts(static_cast<std::size_t>(bins_.n_bins), 0);
            for (int a = 0; a < bins_.n_types; ++a)
                for (int b = a; b < bins_.n_types; ++b)
                    for (int k = 0; k < bins_.n_bins; ++k) counts[k] += static_cast<double>(weight(s, a, b)) * static_cast<double>(histogram.count(a, b, k));
            const auto on_nodes = spreading_.exact(counts);
            for (std::size_t node = 0; node < on_nodes.size(); ++node) {
                const float *row = &matrix_[(s * spreading_.nodes() + node) * wide_];
                for (std::size_t j = 0; j < rank_; ++j) misfit_[j] += on_nodes[node] * static_cast<double>(row[j]);
            }
        }
        value_ = floor_;
        for (std::size_t j = 0; j < rank_; ++j) residual_[j] = static_cast<float>(misfit_[j]), value_ += misfit_[j] * misfit_[j];
    }
    double value() const override { return value_; }

    double difference(const Increments &increments) override {
        std::size_t n = 0;
        for (std::size_t s = 0; s < n_matrices_; ++s) n = collect(increments, s, n);
        multiply(n);
        using namespace simd;
        Float total{};
        for (std::size_t j = 0; j < wide_; j += lanes) {
            const Float change = load<Float>(&change_[j]);
            total = multiply_add(change, change + 2 * load<Float>(&residual_[j]), total);
        }
        return difference_ = static_cast<double>(sum(total));
    }
    void accept() override {
        for (std::size_t j = 0; j < rank_; ++j) misfit_[j] += static_cast<double>(change_[j]), residual_[j] = static_cast<float>(misfit_[j]);
        value_ += difference_;
    }

private:
    float weight(std::size_t s, int a, int b) const { return weight_[(s * bins_.n_types + static_cast<std::size_t>(a)) * bins_.n_types + b]; }

    // The rows of matrix s that count, and by what factor.
    std::size_t collect(const Increments &increments, std::size_t s, std::size_t n) {
        using namespace simd;
        const int row = bins_.row();
        bool any = false;
        for (const int a : increments.types())
            for (int b = 0; b < bins_.n_types; ++b) {
                const float w = weight(s, a, b);
                if (w == 0) continue;
                const std::int32_t *counts = increments.row(a, b);
                for (int k = 0; k < row; k += lanes) {
                    const Float part = to_float(load<Int>(counts + k)) * w;
                    store(&sum_[k], any ? load<Float>(&sum_[k]) + part : part);
                }
                any = true;
            }
        if (!any) return n;
        const float *const on_nodes = spreading_(sum_.data());
        const std::size_t nodes = spreading_.nodes();
        for (std::size_t node = 0; node < nodes; ++node) {
            rows_[n] = static_cast<std::int32_t>(s * nodes + node), factors_[n] = on_nodes[node];
            n += on_nodes[node] != 0;
        }
        return n;
    }
    // change = Σ factor * row, up to eight vectors at a time.
    void multiply(std::size_t n) {
        const std::size_t vectors = wide_ / simd::lanes, passes = (vectors + 7) / 8, width = (vectors + passes - 1) / passes;
        for (std::size_t v = 0; v < vectors; v += width)
            switch (std::min(width, vectors - v)) {
            case 1: columns<1>(n, v * simd::lanes); break;
            case 2: columns<2>(n, v * simd::lanes); break;
            case 3: columns<3>(n, v * simd::lanes); break;
            case 4: columns<4>(n, v * simd::lanes); break;
            case 5: columns<5>(n, v * simd::lanes); break;
            case 6: columns<6>(n, v * simd::lanes); break;
            case 7: columns<7>(n, v * simd::lanes); break;
            default: columns<8>(n, v * simd::lanes);
            }
    }
    template <int width> void columns(std::size_t n, std::size_t j) {
        using namespace simd;
        Float sums[width]{};
        for (std::size_t i = 0; i < n; ++i) {
            const float *row = &matrix_[static_cast<std::size_t>(rows_[i]) * wide_ + j];
            const Float factor = broadcast<Float>(factors_[i]);
            for (int v = 0; v < width; ++v) sums[v] = multiply_add(factor, load<Float>(row + v * lanes), sums[v]);
        }
        for (int v = 0; v < width; ++v) store(&change_[j + v * lanes], sums[v]);
    }

    Bins bins_;
    Spreading spreading_;
    std::size_t rank_, wide_, n_matrices_ = 0; // wide: whole vectors
    std::vector<float> weight_, matrix_;       // (matrices, types, types), (matrices, nodes, wide)
    std::vector<double> offset_, misfit_;
    std::vector<float> residual_, change_, sum_, factors_;
    std::vector<std::int32_t> rows_;
    double floor_, value_ = 0, difference_ = 0;
};

} // namespace glasswright
