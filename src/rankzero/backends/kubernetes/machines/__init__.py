"""The machines of a cluster: what they offer, what is on them, and their labels."""
