"""Nodes that a dead machine holds, and what lets others take their places.

`judging` is pure, and the one judgement for everybody who may act on it: `rankzero recover`, a
client that watches, and the coordinator of a run that heals itself, which is `healer` with `api`.
"""
