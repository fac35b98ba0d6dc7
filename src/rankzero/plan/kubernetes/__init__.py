"""What is asked for, as objects of a cluster. Pure: what is known of it comes as `Facts`."""
