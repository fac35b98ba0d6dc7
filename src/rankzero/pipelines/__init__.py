"""Pipelines on this machine: a graph of steps, walked by a driver over a durable ledger."""
