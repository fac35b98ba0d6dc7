"""The HTTP application: what each path answers, and what every answer has in common."""
