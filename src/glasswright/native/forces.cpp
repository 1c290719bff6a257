#include "bindings.hpp"

void bind_forces(nb::module_ &) {}
