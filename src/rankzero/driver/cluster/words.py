"""What a pipeline's objects are called, and how they are found. Known to the driver in its pod and
to those who look from outside.
"""

#: The label of all that is a pipeline's, with its run's id.
PIPELINE = "rankzero/pipeline"
#: Which part of it an object is: see below. The driver's Job is the first object and owns the rest.
PART = "rankzero/part"
DRIVER, LEDGER, PLAN = "driver", "ledger", "plan"
#: Annotations: of a ledger's last ConfigMap, who may write to it, and that it is full; of the
#: driver's Job, who asked for the end.
WRITER, FULL, STOP = "rankzero/writer", "rankzero/full", "rankzero/stopped-by"
#: An annotation of the driver's Job where no pod is the driver: who is, as in the ledger; empty
#: where nobody is.
CLIENT = "rankzero/client"
#: Where a driver finds its plan, in parts that make one gzip when they are joined, and who it is.
PLAN_FOLDER, ACCOUNT = "/rankzero/plan", "/rankzero/account"
#: In a ledger's ConfigMap, beside its facts: the first of the keys is no fact's.
ABOUT = "about"


def ledger(run: str, at: int) -> str:
    """A ledger's ConfigMap. at: from 0."""
    return "%s-ledger-%d" % (run, at)


def job(run: str) -> str:
    return run + "-driver"


def part(run: str, number: int) -> str:
    """The run that an attempt is. number: of the attempt."""
    return "%s-%d" % (run, number)


def template(run: str) -> str:
    """What stands for the id of such a run in what was compiled for all attempts of a step."""
    return "%s-00000" % run
