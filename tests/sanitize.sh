#!/bin/bash
# Runs the tests of the compiled core on builds with sanitizers: make sanitize. Arguments go to pytest in place of the tests below.
# The builds stand apart from the installed one. Python itself is not built with sanitizers, so their libraries are loaded before it, and
# it does not free all it has when it ends, so leaks are not looked for. SANITIZERS="address,undefined thread" looks for races as well,
# SETS="avx2" tests that instruction set alone.
set -eu -o pipefail
cd "$(dirname "$0")/.."
read -r python packages < <(.venv/bin/python -c 'import sys, sysconfig; print(sys._base_executable, sysconfig.get_path("purelib"))')
tests=("$@")
[ "$#" -gt 0 ] || tests=(-q -m "not slow" tests/unit/test_native_*.py tests/unit/test_far_field.py tests/unit/test_rings.py tests/invariants/test_core_fuzz.py
    tests/unit/test_monte_carlo.py tests/invariants/test_monte_carlo.py)

library() { "${CXX:-g++}" -print-file-name="$1"; }

for checks in ${SANITIZERS:-address,undefined}; do
    site=build/sanitize/$checks
    .venv/bin/python -m pip install --quiet --disable-pip-version-check . --no-deps --upgrade --target "$site" -C "build-dir=build/sanitize/tree-$checks" \
        -C "cmake.define.GLASSWRIGHT_SANITIZE=$checks" -C "cmake.define.GLASSWRIGHT_INSTRUCTION_SETS=$(echo "${SETS:-}" | tr ' ' ';')"
    # Without the hooks of the virtual environment, which would lead back to the installed package. Where the address space is scattered,
    # the thread sanitizer may find no room. Exceptions are only seen if the C++ library is there first.
    run=(env "PYTHONPATH=$site:$packages" PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
        TSAN_OPTIONS=halt_on_error=1)
    case $checks in
        thread) run+=("LD_PRELOAD=$(library libtsan.so)" setarch -R) ;;
        *) run+=("LD_PRELOAD=$(library libasan.so) $(library libstdc++.so.6)") ;;
    esac
    for set in ${SETS:-$("${run[@]}" "$python" -c 'from glasswright.native.builds import instruction_sets; print(*instruction_sets())')}; do
        echo "== $checks, $set"
        GLASSWRIGHT_INSTRUCTION_SET=$set "${run[@]}" "$python" -m pytest --timeout 7200 -p no:cacheprovider --capture=sys "${tests[@]}"
    done
done
