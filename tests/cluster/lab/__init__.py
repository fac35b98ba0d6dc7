"""A real Kubernetes on one Linux machine, from Debian packages and Go modules.

No container engine and no virtual machine: the control plane is a process with namespaces of its
own (net, mount, pid, uts) and what it starts, and so is each node. A node is thus a machine of its
own as far as Kubernetes can see, and ending its first process ends all that ran on it.

    host 10.245.255.1 -- 10.245.255.2  control plane: API 6443, DNS 53, registries 5000, 5001
                         10.245.0.1    bridge "nodes"
                           +-- 10.245.0.10  node0: containerd, kubelet; pods 10.244.0.0/24
                           +-- 10.245.0.11  node1: containerd, kubelet; pods 10.244.1.0/24

Only the standard library is used in here: the parts that run as process 1 need nothing installed.
"""
