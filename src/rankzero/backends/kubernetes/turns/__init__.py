"""Runs that take turns for room, where no queue of the cluster's does it.

Kubernetes places pods one by one, so two runs may each get half of what they need and wait for the
other half for ever. Whoever watches the younger one has it step back: its Jobs are suspended, which
gives its nodes back, until the older ones that wait for the same have theirs. Nothing in the
cluster is needed for that; a run that nobody watches gives its nodes back by failing, after `wait`.
"""
