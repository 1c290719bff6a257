// Python module: the instruction sets of this processor for which there is a build of the core, slowest first.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

NB_MODULE(GLASSWRIGHT_MODULE, m) {
    m.def("instruction_sets", [] {
        std::vector<std::string> found{"baseline"};
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
            found.push_back("avx2");
            if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
                found.push_back("avx512");
        }
#endif
        return found;
    });
}
