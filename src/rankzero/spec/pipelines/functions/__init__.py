"""Pipelines whose steps are functions: from a decorated function to the tree that a file gives."""
