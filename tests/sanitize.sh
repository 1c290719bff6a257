#!/bin/bash
# Runs the tests of the compiled core on builds with sanitizers: make sanitize. Arguments go to pytest in place of the tests below.
# The builds stand apart from the installed one. Python itself is not built with sanitizers, so their libraries are loaded before it, and
# it does not free all it has when it ends, so leaks are not looked for. SANITIZERS="address,undefined thread" looks for races as well.
set -eu -o pipefail
cd "$(dirname "$0")/.."
venv_python=.venv/bin/python
[ -x "$venv_python" ] || venv_python=python3
read -r python packages < <("$venv_python" -c 'import sys, sysconfig; print(sys._base_executable, sysconfig.get_path("purelib"))')
tests=("$@")
[ "$#" -gt 0 ] || tests=(-q -m "not slow" tests/unit/test_native_*.py tests/unit/test_far_field.py tests/invariants/test_core_fuzz.py)
sets=$("$venv_python" -c 'from glasswright.native.builds import instruction_sets; print(*instruction_sets())')

library() { "${CXX:-g++}" -print-file-name="$1"; }

for checks in ${SANITIZERS:-address,undefined}; do
    site=build/sanitize/$checks
    "$venv_python" -m pip install --quiet --disable-pip-version-check . --no-deps --upgrade --target "$site" \
        -C "build-dir=build/sanitize/tree-$checks" -C "cmake.define.GLASSWRIGHT_SANITIZE=$checks"
    case $checks in
        thread) preload=$(library libtsan.so) run=(setarch -R) runs=${sets##* } ;;  # the same code for every set; the address space must not be scattered
        *) preload="$(library libasan.so) $(library libstdc++.so.6)" run=(env) runs=$sets ;;  # exceptions are only seen if the C++ library is there first
    esac
    for set in $runs; do
        echo "== $checks, $set"
        # Without the hooks of the virtual environment, which would lead back to the installed package.
        GLASSWRIGHT_INSTRUCTION_SET=$set PYTHONPATH="$site:$packages" OPENBLAS_NUM_THREADS=1 PYTHONMALLOC=malloc \
            ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1 \
            LD_PRELOAD="$preload" "${run[@]}" "$python" -m pytest -p no:cacheprovider --capture=sys "${tests[@]}"
    done
done
