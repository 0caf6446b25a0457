"""The benchmark behind bench/compare."""
