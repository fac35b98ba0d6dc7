"""Services as Deployments of a cluster: kept alive, reached at one address, updated in turn."""
