// Persistent homology over Z/2 of a filtered complex given by its boundaries.
#include "bindings.hpp"

#include <algorithm>
#include <queue>

namespace {

using Column = std::vector<std::int64_t>;
using glasswright::Integers;
using glasswright::to_numpy;

// Sorted, and what occurs twice cancels: an edge from an atom to its own image has no boundary.
Column boundary_of(const std::int64_t *faces, std::int64_t begin, std::int64_t end) {
    Column column(faces + begin, faces + end);
    std::sort(column.begin(), column.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < column.size(); ++i) {
        if (kept > 0 && column[kept - 1] == column[i])
            --kept;
        else
            column[kept++] = column[i];
    }
    column.resize(kept);
    return column;
}

// A sum of columns as a heap in which what occurs twice cancels when it comes to the top.
class Sum {
  public:
    void add(const Column &column) {
        for (const std::int64_t cell : column) heap_.push(cell);
    }
    // Takes the largest cell that remains; -1 where none does.
    std::int64_t take() {
        while (!heap_.empty()) {
            const std::int64_t top = heap_.top();
            bool odd = false;
            while (!heap_.empty() && heap_.top() == top) heap_.pop(), odd = !odd;
            if (odd) return top;
        }
        return -1;
    }
    void put(std::int64_t cell) { heap_.push(cell); }
    Column rest() {
        Column column;
        for (std::int64_t cell = take(); cell >= 0; cell = take()) column.push_back(cell);
        return column;
    }

  private:
    std::priority_queue<std::int64_t> heap_;
};

nb::object persistence_pairs(Integers dimensions, Integers offsets, Integers faces) {
    const auto n = static_cast<std::int64_t>(dimensions.shape(0));
    const std::int64_t *dimension = dimensions.data(), *offset = offsets.data(), *face = faces.data();
    if (static_cast<std::int64_t>(offsets.shape(0)) != n + 1 || offset[0] != 0 || offset[n] != static_cast<std::int64_t>(faces.shape(0)))
        throw std::invalid_argument("the offsets do not fit the cells and their faces");
    for (std::int64_t i = 0; i < n; ++i) {
        if (dimension[i] < 0 || dimension[i] > 3) throw std::invalid_argument("a dimension is not 0, 1, 2 or 3");
        if (offset[i + 1] < offset[i] || offset[i + 1] > offset[n]) throw std::invalid_argument("the offsets do not increase");
        for (std::int64_t k = offset[i]; k < offset[i + 1]; ++k)
            if (face[k] < 0 || face[k] >= i || dimension[face[k]] != dimension[i] - 1) throw std::invalid_argument("a face does not come before its cell");
    }
    auto partners = std::make_unique<std::vector<std::int64_t>>(static_cast<std::size_t>(n), -1);
    {
        nb::gil_scoped_release unlocked;
        std::int64_t *partner = partners->data();
        std::vector<Column> reduced(static_cast<std::size_t>(n));
        // From the top down, so that cells known to begin a class need no reduction (Chen and Kerber, EuroCG 2011).
        for (std::int64_t d = 3; d > 0; --d)
            for (std::int64_t i = 0; i < n; ++i) {
                if (dimension[i] != d || partner[i] >= 0) continue;
                Sum sum;
                sum.add(boundary_of(face, offset[i], offset[i + 1]));
                std::int64_t pivot = sum.take();
                while (pivot >= 0 && partner[pivot] >= 0) {
                    sum.put(pivot);
                    sum.add(reduced[static_cast<std::size_t>(pivot)]);
                    pivot = sum.take();
                }
                if (pivot < 0) continue;
                sum.put(pivot);
                reduced[static_cast<std::size_t>(pivot)] = sum.rest();
                partner[pivot] = i, partner[i] = pivot;
            }
    }
    return nb::cast(to_numpy(std::move(partners), {static_cast<std::size_t>(n)}));
}

} // namespace

void bind_homology(nb::module_ &m) {
    m.def("persistence_pairs", &persistence_pairs, nb::arg("dimensions"), nb::arg("offsets"), nb::arg("faces"),
          "Partner of every cell of a filtered complex: the cell that ends the class it begins, or begins the class it ends; -1 for essential classes.");
}
