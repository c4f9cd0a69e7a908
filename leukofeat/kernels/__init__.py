"""numba kernels over plain arrays; each is held against a slow oracle or a reference library in tests/kernels."""
