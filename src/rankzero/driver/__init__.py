"""Walks a pipeline's graph: on a laptop inside the command, on a cluster inside a pod of any image.

Standard library only, Python 3.8 and newer, as the agent: it travels in the same archive.
"""
