"""Tests on a real Kubernetes: any cluster that a kubeconfig names, or the lab beside them."""
