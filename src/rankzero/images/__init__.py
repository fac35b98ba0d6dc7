"""Images: built without a daemon, from a base in a registry and what is laid on it."""
