"""Clusters on this machine: what the tool that makes them is told."""
