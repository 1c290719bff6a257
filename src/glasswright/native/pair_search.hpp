// Every pair of atoms closer than a reach in a periodic cell of any shape, through a cell list.
//
// The reach may exceed half the box: neighbouring list cells are walked over as many periodic images as it takes, so an atom meets
// several images of another, and of itself, exactly. Double precision throughout.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace glasswright {

using Vector = std::array<double, 3>;
using Shift = std::array<std::int64_t, 3>;

class PairSearch {
public:
    // positions (n, 3) and cell (3, 3; rows are cell vectors), row-major [Å]
    PairSearch(const double *positions, std::size_t n_atoms, const double *cell, double reach) : reach2_(reach * reach) {
        if (!(reach > 0) || !std::isfinite(reach)) throw std::invalid_argument("the distance limit must be positive and finite");
        set_cell(cell);
        choose_grid(n_atoms, reach);
        sort_atoms(positions, n_atoms);
        build_stencil(reach);
    }

    // Call visit(a, b, separation, r², shift) once for every unordered pair of atom images within the reach, with
    // separation = position[b] + shift · cell - position[a] for the positions as they were given.
    template <class Visit> void each_pair(Visit &&visit) const {
        for (std::int64_t x = 0; x < grid_[0]; ++x)
            for (std::int64_t y = 0; y < grid_[1]; ++y)
                for (std::int64_t z = 0; z < grid_[2]; ++z) {
                    const std::size_t here = index({x, y, z});
                    if (start_[here] == start_[here + 1]) continue;
                    within_cell(here, visit);
                    for (const Shift &offset : stencil_) between_cells(here, {x + offset[0], y + offset[1], z + offset[2]}, visit);
                }
    }

private:
    std::array<Vector, 3> cell_{}, inverse_{};
    Vector height_{};
    double volume_ = 0, reach2_;
    Shift grid_{};
    std::vector<Shift> stencil_;
    std::vector<std::size_t> start_; // first atom of each list cell, in sorted order
    std::vector<std::int64_t> atom_; // sorted order → index as given
    std::vector<Vector> position_;   // wrapped, sorted
    std::vector<Shift> wrap_;        // given = wrapped + wrap · cell, sorted

    static Vector cross(const Vector &a, const Vector &b) {
        return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    }
    static double dot(const Vector &a, const Vector &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
    static double length(const Vector &a) { return std::sqrt(dot(a, a)); }

    Vector cartesian(const Vector &s) const {
        Vector r{};
        for (int k = 0; k < 3; ++k)
            for (int c = 0; c < 3; ++c) r[c] += s[k] * cell_[k][c];
        return r;
    }

    std::size_t index(const Shift &c) const { return static_cast<std::size_t>((c[0] * grid_[1] + c[1]) * grid_[2] + c[2]); }

    void set_cell(const double *cell) {
        for (int k = 0; k < 9; ++k) {
            if (!std::isfinite(cell[k])) throw std::invalid_argument("the cell holds a number that is not finite");
            cell_[k / 3][k % 3] = cell[k];
        }
        const double det = dot(cell_[0], cross(cell_[1], cell_[2]));
        volume_ = std::abs(det);
        if (!(volume_ > 1e-12 * length(cell_[0]) * length(cell_[1]) * length(cell_[2]))) throw std::invalid_argument("the cell has no volume");
        for (int k = 0; k < 3; ++k) {
            const Vector normal = cross(cell_[(k + 1) % 3], cell_[(k + 2) % 3]);
            for (int c = 0; c < 3; ++c) inverse_[k][c] = normal[c] / det; // s_k = inverse_k · r
            height_[k] = volume_ / length(normal);
        }
    }

    void choose_grid(std::size_t n_atoms, double reach) {
        // A third of the reach keeps the walk close to the sphere; about one atom per list cell bounds memory in sparse boxes.
        const double edge = std::max(reach / 3, std::cbrt(volume_ / static_cast<double>(std::max<std::size_t>(n_atoms, 1))));
        const double most = static_cast<double>(std::max<std::size_t>(n_atoms, 1));
        for (int k = 0; k < 3; ++k) grid_[k] = static_cast<std::int64_t>(std::clamp(std::floor(height_[k] / edge), 1.0, most));
    }

    void sort_atoms(const double *positions, std::size_t n) {
        std::vector<Vector> wrapped(n);
        std::vector<Shift> wraps(n);
        std::vector<std::size_t> home(n);
        start_.assign(static_cast<std::size_t>(grid_[0] * grid_[1] * grid_[2]) + 1, 0);
        for (std::size_t i = 0; i < n; ++i) {
            const Vector r{positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]};
            Vector s{};
            Shift c{};
            for (int k = 0; k < 3; ++k) {
                const double fraction = dot(inverse_[k], r);
                if (!(std::abs(fraction) < 1e9)) throw std::invalid_argument("a position is not finite, or more than 1e9 cells away");
                double whole = std::floor(fraction);
                s[k] = fraction - whole;
                if (s[k] >= 1) { // rounding of a tiny negative fraction
                    s[k] = 0;
                    whole += 1;
                }
                wraps[i][k] = static_cast<std::int64_t>(whole);
                c[k] = std::min(static_cast<std::int64_t>(s[k] * static_cast<double>(grid_[k])), grid_[k] - 1);
            }
            wrapped[i] = cartesian(s);
            home[i] = index(c);
            ++start_[home[i] + 1];
        }
        for (std::size_t c = 1; c < start_.size(); ++c) start_[c] += start_[c - 1];
        std::vector<std::size_t> next(start_.begin(), start_.end() - 1);
        atom_.resize(n), position_.resize(n), wrap_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t place = next[home[i]]++;
            atom_[place] = static_cast<std::int64_t>(i);
            position_[place] = wrapped[i];
            wrap_[place] = wraps[i];
        }
    }

    // Half of the neighbouring list cells (the lexicographically positive offsets): every pair is met from one side only.
    void build_stencil(double reach) {
        Shift range{};
        double size = 1;
        for (int k = 0; k < 3; ++k) {
            const double steps = std::floor(reach * static_cast<double>(grid_[k]) / height_[k]) + 1;
            size *= 2 * steps + 1;
            if (size > 5e7) throw std::invalid_argument("the distance limit is hundreds of times the height of the cell");
            range[k] = static_cast<std::int64_t>(steps);
        }
        // Two points of cells offset by o are at least |centre to centre| - (longest diagonal) apart.
        std::array<Vector, 3> edge{};
        for (int k = 0; k < 3; ++k)
            for (int c = 0; c < 3; ++c) edge[k][c] = cell_[k][c] / static_cast<double>(grid_[k]);
        double diagonal = 0;
        for (int sy = -1; sy <= 1; sy += 2)
            for (int sz = -1; sz <= 1; sz += 2) {
                Vector d{};
                for (int c = 0; c < 3; ++c) d[c] = edge[0][c] + sy * edge[1][c] + sz * edge[2][c];
                diagonal = std::max(diagonal, length(d));
            }
        const double farthest = (reach + diagonal) * (1 + 1e-12);
        for (std::int64_t x = 0; x <= range[0]; ++x)
            for (std::int64_t y = x ? -range[1] : 0; y <= range[1]; ++y)
                for (std::int64_t z = (x || y) ? -range[2] : 1; z <= range[2]; ++z) {
                    Vector centre{};
                    for (int c = 0; c < 3; ++c) centre[c] = double(x) * edge[0][c] + double(y) * edge[1][c] + double(z) * edge[2][c];
                    if (length(centre) <= farthest) stencil_.push_back({x, y, z});
                }
    }

    template <class Visit> void meet(std::size_t p, std::size_t q, const Vector &image, const Shift &image_shift, Visit &visit) const {
        const Vector d{position_[q][0] + image[0] - position_[p][0], position_[q][1] + image[1] - position_[p][1],
                       position_[q][2] + image[2] - position_[p][2]};
        const double r2 = dot(d, d);
        if (r2 >= reach2_) return;
        const Shift shift{image_shift[0] - wrap_[q][0] + wrap_[p][0], image_shift[1] - wrap_[q][1] + wrap_[p][1],
                          image_shift[2] - wrap_[q][2] + wrap_[p][2]};
        visit(atom_[p], atom_[q], d, r2, shift);
    }

    template <class Visit> void within_cell(std::size_t cell, Visit &visit) const {
        for (std::size_t p = start_[cell]; p < start_[cell + 1]; ++p)
            for (std::size_t q = p + 1; q < start_[cell + 1]; ++q) meet(p, q, Vector{}, Shift{}, visit);
    }

    template <class Visit> void between_cells(std::size_t here, const Shift &there, Visit &visit) const {
        Shift home{}, image_shift{};
        for (int k = 0; k < 3; ++k) {
            image_shift[k] = there[k] >= 0 ? there[k] / grid_[k] : -((-there[k] + grid_[k] - 1) / grid_[k]); // floor
            home[k] = there[k] - image_shift[k] * grid_[k];
        }
        const std::size_t other = index(home);
        if (start_[other] == start_[other + 1]) return;
        const Vector image = cartesian({double(image_shift[0]), double(image_shift[1]), double(image_shift[2])});
        for (std::size_t p = start_[here]; p < start_[here + 1]; ++p)
            for (std::size_t q = start_[other]; q < start_[other + 1]; ++q) meet(p, q, image, image_shift, visit);
    }
};

} // namespace glasswright
