#include "bindings.hpp"

void bind_triplets(nb::module_ &) {}
