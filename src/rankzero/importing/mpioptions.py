"""The options of `mpirun`: those of Open MPI, and those of MPICH's Hydra."""

from __future__ import annotations

_VALUES = (
    *("np", "npernode", "ppn", "host", "hosts", "hostfile", "x", "map-by", "rank-by", "bind-to"),
    *("wdir", "timeout", "genvlist", "output-filename", "prefix", "launcher", "iface", "rmk"),
    *("stdin", "configfile", "app", "path", "launch-agent", "cpus-per-proc", "cpu-list"),
    *("cpu-set", "npersocket", "ppr", "rankfile", "preload-files", "am", "tune", "max-restarts"),
    *("report-pid", "report-uri", "xterm", "launcher-exec", "membind", "outfile-pattern"),
    *("errfile-pattern", "prepend-pattern", "usize", "topolib", "gpus-per-proc", "personality"),
)
_FLAGS = (
    *("oversubscribe", "nooversubscribe", "allow-run-as-root", "report-bindings", "display-map"),
    *("display-allocation", "tag-output", "timestamp-output", "genvall", "genvnone", "envall"),
    *("quiet", "verbose", "use-hwthread-cpus", "nolocal", "prepend-rank", "envnone", "help"),
    *("bind-to-core", "bind-to-socket", "bycore", "bynode", "byslot", "pernode", "noprefix"),
    *("merge-stderr-to-stdout", "leave-session-attached", "preload-binary", "show-progress"),
    *("display-topo", "localonly", "print-all-exitcodes", "disable-hostname-propagation"),
    *("disable-auto-cleanup", "enable-recovery", "disable-recovery", "version", "info"),
)
#: How many words each takes.
KNOWN = {
    **dict.fromkeys(_VALUES, 1),
    **dict.fromkeys(_FLAGS, 0),
    **dict.fromkeys(("mca", "gmca", "prtemca", "pmixmca", "env", "genv"), 2),
}
#: Other names of the same.
SHORT = {
    **dict.fromkeys(("n", "c"), "np"),
    **dict.fromkeys(("machinefile", "default-hostfile", "f"), "hostfile"),
    **dict.fromkeys(("wd", "chdir"), "wdir"),
    **dict.fromkeys(("cpus-per-rank",), "cpus-per-proc"),
    "N": "npernode",
    "perhost": "ppn",
    "H": "host",
    "q": "quiet",
    "v": "verbose",
    "V": "version",
    "s": "preload-binary",
    "rf": "rankfile",
    "bootstrap": "launcher",
    "bootstrap-exec": "launcher-exec",
    "l": "prepend-rank",
    "h": "help",
    "envlist": "genvlist",
}

PLACED = "ranks run where the machine places them"
_MARKED = "each line is marked with its rank"
_KEPT = "every line is kept: rankzero logs RUN --rank 0"
_AGENTS = "agents start the ranks"
_TRAVELS = "the folder of the job file travels with the run"
#: What mpirun goes on to be told, as it begins on a command line: Open MPI's own, and Hydra's.
TOLD = {
    **dict.fromkeys(("mca", "gmca", "prtemca", "pmixmca", "am", "tune", "prefix"), "--"),
    **dict.fromkeys(("iface", "usize", "topolib"), "-"),
}
#: What has no meaning here, and why. Those that are in neither table change nothing.
INSTEAD = {
    **dict.fromkeys(("bind-to", "bind-to-core", "bind-to-socket", "rank-by"), PLACED),
    **dict.fromkeys(("use-hwthread-cpus", "nolocal", "bycore", "bynode", "byslot"), PLACED),
    **dict.fromkeys(("cpu-list", "cpu-set", "npersocket", "ppr", "rankfile", "membind"), PLACED),
    **dict.fromkeys(("launcher", "launcher-exec", "rmk", "launch-agent", "path"), _AGENTS),
    **dict.fromkeys(("tag-output", "timestamp-output", "prepend-rank", "prepend-pattern"), _MARKED),
    **dict.fromkeys(("output-filename", "outfile-pattern", "errfile-pattern", "xterm"), _KEPT),
    **dict.fromkeys(("preload-files", "preload-binary"), _TRAVELS),
    "cpus-per-proc": "cpu is what a node asks for, all of its ranks together",
    "gpus-per-proc": "gpus is what a node asks for, all of its ranks together",
    "max-restarts": "max_restarts counts failures of the whole run",
    "timeout": "a run has no limit of time; it ends with: rankzero stop RUN",
    "stdin": "ranks have no standard input",
    "genvlist": "write these variables, with their values, into env",
}
