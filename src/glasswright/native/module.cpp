// The compiled core as a Python module; built once for every instruction set.
#include "bindings.hpp"

NB_MODULE(GLASSWRIGHT_MODULE, m) {
    m.attr("instruction_set") = GLASSWRIGHT_INSTRUCTION_SET;
    bind_histogram(m);
    bind_neighbours(m);
    bind_smooth_pairs(m);
    bind_forces(m);
    bind_far_field(m);
    bind_triplets(m);
    bind_kernel(m);
    bind_dynamics(m);
    bind_reciprocal(m);
    bind_rings(m);
    bind_homology(m);
    bind_correlations(m);
    bind_monte_carlo(m);
    bind_costs(m);
}
