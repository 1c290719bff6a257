#include "bindings.hpp"

void bind_dynamics(nb::module_ &) {}
