"""Requests become batches: when to take how many is decided in `deciding`, and done in
`batcher`."""
