"""A node's logs: what its ranks printed, kept in segments within a bound, read while written.

Nothing is imported here: several threads may be the first to import one of the modules each, and
a package that imports them itself would have them meet in the middle.
"""
