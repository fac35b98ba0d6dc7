"""How agents and viewers talk: one JSON object a line over TCP, each side proved to know the
run's token, each line with a counter and a MAC."""
