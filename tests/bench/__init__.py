"""Benchmarks: each runs by itself and prints its figures, in the end as one JSON object."""
