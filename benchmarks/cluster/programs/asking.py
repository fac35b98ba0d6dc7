"""Asks a Service again and again, each time anew, until a file says that it is over. Then it prints
how often it asked, and of each request that failed when it began and what went wrong."""

import json
import os
import sys
import threading
import time
import urllib.request

URL, OVER = sys.argv[1], "/tmp/over"
#: How many ask at once, how long each waits between two requests, and for an answer (seconds): a
#: busy machine answers nobody for two seconds now and then, and that is no failure of a service.
ASKING, PAUSE, PATIENCE = 4, 0.02, 5.0

over = threading.Event()
asked = [0] * ASKING
failures = []


def ask(number):
    while not over.is_set():
        began = time.time()
        try:
            with urllib.request.urlopen(URL, timeout=PATIENCE) as answer:
                answer.read()
        except OSError as error:
            failures.append((began, repr(error)))
        asked[number] += 1
        over.wait(PAUSE)


threads = [threading.Thread(target=ask, args=(number,)) for number in range(ASKING)]
for thread in threads:
    thread.start()
while not os.path.exists(OVER):
    over.wait(0.1)
over.set()
for thread in threads:
    thread.join()
print(json.dumps({"asked": sum(asked), "failures": failures}))
