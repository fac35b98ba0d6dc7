"""MPI programs: ranks as any others, and an `mpirun` that only makes them one world.

    node 0's agent -- mpirun == agents, not ssh ==> its daemon on every other node
                         |                                      |
                     stand-ins                              stand-ins
                         |  what MPI_Init looks for             |
                         v                                      v
                       ranks, which the agents have started themselves

So a rank of MPI has its own lines, its own traceback, and the run's restarts; and neither sshd, nor
keys, nor the program's own path on other nodes is needed. Each generation has an mpirun of its own.

It knows nothing of MPI's own protocols, which differ by maker and version: a stand-in is started
by mpirun as the program would be, and hands on its environment and open descriptors (`seat`).
"""

#: What a failure is recorded as that is of no rank's doing.
MPIRUN = "mpirun"
#: What `remote` comes to the coordinator for.
PURPOSE = "remote"
#: Its exit code for an error of its own, as ssh has it.
LOST = 255
