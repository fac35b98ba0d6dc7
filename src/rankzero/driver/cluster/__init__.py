"""The driver of a pipeline on a cluster: a pod that walks the graph, and does parts as runs."""
