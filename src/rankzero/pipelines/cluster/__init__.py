"""Pipelines on a cluster: made here, driven there, looked at from anywhere."""
