"""What every backend keeps to, written against `rankzero.backends.base` alone.

A further backend adds a `Place` and an entry in `conftest.PLACES`, and changes no test.
"""
