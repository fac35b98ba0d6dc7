"""Drawing: what verbs print, for people and for programs."""
