"""Exit codes, defined once for the agent, the backends and the command line."""

DONE = 0
#: The user's job failed.
JOB_FAILED = 1
#: The request was wrong; nothing was created.
BAD_REQUEST = 2
#: The environment refused: cluster, rights, quota, disk.
REFUSED = 3
#: The one code with which an agent says "this run has failed": a Kubernetes podFailurePolicy
#: fails the Job on it and retries the pod on any other. Outside 1-2, 126-165 and sysexits, so
#: that no shell, signal or interpreter produces it by chance.
RUN_FAILED = 94
#: An agent that was fenced: a newer incarnation of its node has taken its place.
FENCED = 95
#: An agent that was asked to leave (SIGTERM) before the run was over. Not 0: an index of a
#: Kubernetes Job that has succeeded never runs again, and this node may be wanted back.
LEFT = 96
#: An agent that has waited in vain for a coordinator that it never met: with the others of its
#: Kubernetes Job it gives back what the run has, for whoever else can use it.
ALONE = 97
INTERRUPTED = 130
