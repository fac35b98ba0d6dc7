"""What a user can ask of a service: something that listens, kept alive on a cluster."""
