"""What keeps services alive, as those who ask for it see it: this machine, or a cluster."""
