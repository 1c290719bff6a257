"""The programs that the benchmarks let run against each other."""
