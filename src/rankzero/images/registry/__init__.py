"""A registry's HTTP interface: the OCI distribution specification, as far as images need it."""
