"""What whoever talks over a connection meets when it has ended."""


class Lost(Exception):
    """The connection is gone: the other side ended, or was replaced."""
