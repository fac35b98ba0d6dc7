"""Whether everything is there that a run takes: on this machine, and on a cluster."""
