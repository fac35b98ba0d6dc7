"""What a pipeline is, and the ways to one: a file, plain data, decorated functions."""
