"""Services as processes of this machine: kept alive in the background, found by their names."""

#: The module that a service's keeper runs, by which such a process is known.
KEEPER = "rankzero.backends.local.services.keeper"
