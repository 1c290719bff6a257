#include "bindings.hpp"

void bind_far_field(nb::module_ &) {}
