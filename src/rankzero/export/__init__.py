"""A job as plain files of Kubernetes that run without rankzero. Pure: what is written, and where,
is its caller's."""
