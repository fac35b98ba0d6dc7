"""`python -m rankzero.agent CONFIG`: the agent of one node.

In a pod: `pod CONFIG`, with the role's config; for those who look, `client CONFIG` and `outputs
CONFIG`; for those who come in, `exec`, `signal` and `roster`; for those who look at a volume,
`helper`, `lines FOLDER`, `files FOLDER` and `volume ...`; for those who doubt the cluster,
`checkup ...`. The modules of these names, `enter` and `outputs` say more.
"""

import os
import signal
import sys
from typing import Optional

from rankzero.agent import exits, process
from rankzero.agent.config import AgentConfig, load

#: The parent's end of this pipe closes when the parent dies; unset where nobody is our parent.
LIFELINE = "RANKZERO_LIFELINE_FD"


def main() -> None:
    """Run until the run is over or the parent is gone; the exit code is from `exits`."""
    words = sys.argv[1:]
    if words[0] == "client":
        from rankzero.agent import client

        sys.exit(client.main(load(words[1])))
    if words[0] == "outputs":
        from rankzero.agent import outputs

        sys.exit(outputs.main(load(words[1])))
    if words[0] == "files":
        from rankzero.agent import outputs

        sys.exit(outputs.serve(words[1]))
    if words[0] == "lines":
        from rankzero.agent import lines

        sys.exit(lines.main(words[1]))
    if words[0] == "helper":
        from rankzero.agent import helper

        sys.exit(helper.main())
    if words[0] == "checkup":
        from rankzero.agent.checkup import inside

        sys.exit(inside.main(words[1:]))
    if words[0] == "volume":
        from rankzero.agent import volume

        sys.exit(volume.main(words[1:]))
    if words[0] in ("exec", "signal", "roster"):
        from rankzero.agent import enter

        sys.exit(enter.main(words))
    if words[0] == "pod":
        from rankzero.agent import pod

        sys.exit(pod.main(words[1]))
    config = load(words[0])
    lifeline = os.environ.pop(LIFELINE, None)
    sys.exit(run(config, None if lifeline is None else int(lifeline)))


def run(config: AgentConfig, lifeline: Optional[int]) -> int:
    """The agent itself. lifeline: a descriptor that ends when our parent does.

    Out of an archive, imports are what its start takes: each node has those that it needs.
    """
    from rankzero.agent.loop import Loop
    from rankzero.agent.node import NodeAgent

    with open(config.token_file, "rb") as file:
        token = file.read().strip()
    process.adopt_orphans()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    loop = Loop()
    code = exits.DONE
    echo = coordinator = None
    if config.echo:
        from rankzero.agent.echo import Echo

        echo = Echo(loop)
    if config.listen:
        from rankzero.agent.coordinator import Coordinator

        coordinator = Coordinator(loop, config, token, echo)

    def leave(with_code: int) -> None:
        nonlocal code
        code = with_code
        if coordinator is None:
            loop.stop()
        else:
            coordinator.close(loop.stop)

    agent = NodeAgent(loop, config, token, leave, echo)
    if lifeline is not None:
        os.set_inheritable(lifeline, False)

        def orphaned() -> None:
            loop.watch(lifeline)
            agent.orphaned()

        loop.watch(lifeline, orphaned)
    if coordinator is not None:
        coordinator.start()
    agent.start()
    loop.run()
    return code


if __name__ == "__main__":
    main()
