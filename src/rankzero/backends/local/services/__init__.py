"""Services as processes of this machine: kept alive in the background, found by their names."""
