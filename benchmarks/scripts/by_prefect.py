"""So many equal processes as tasks of one Prefect flow; prints the seconds from first to last."""

import subprocess
import sys
import time

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

count, at_once, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


@task
def one(number):
    began = time.time()
    subprocess.run(command, capture_output=True, check=True)
    return began, time.time()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=at_once))
def all_of_them():
    return [future.result() for future in one.map(range(count))]


times = all_of_them()
print("seconds", max(end for _, end in times) - min(begin for begin, _ in times))
