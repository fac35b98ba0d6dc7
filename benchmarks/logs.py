"""How fast logs are merged: 64 ranks, marked and in the order of time, against `cat`.

    python benchmarks/logs.py [--ranks 64] [--mib 4] [--pairs 7]

Each contender writes into a pipe that another process empties, as a terminal or `grep` would.
`cat` reads the same files and marks nothing; `awk` marks each line, file after file, without
any order of time. Times are those of the whole, until the other end has all; `rankzero` runs in
this process, so its start-up (see the benchmark of `--help`) is not in it. Contenders take turns,
and a ratio is the median of the ratios of neighbours in time.

What bounds it: finding the ends of the lines and copying each (`bytes.replace`) takes about as long
as moving all through the pipe, which is all that `cat` does. Where every line has a time of its
own, ranks alternate line by line and the cost is one of lines, no longer of bytes; a coarser
`grain` makes it cheaper.
"""

import argparse
import fcntl
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from rankzero.agent.logs.layout import INTERVAL
from rankzero.agent.logs.mark import mark, marked
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter

LINE = 80
START = 1_790_000_000.0


def lines_of(rank, first, count):
    """`count` lines of 80 bytes, numbered within the rank."""
    text = "epoch %02d step %09d rank %03d loss %.6f accuracy %.4f %s samples/s"
    made = []
    for number in range(first, first + count):
        line = text % (number % 90, number, rank, 1 / (1 + number), number % 10 / 10, "1234.5")
        made.append(line[: LINE - 1].ljust(LINE - 1))
    return ("\n".join(made) + "\n").encode()


def fill(folder, ranks, size, block, gap):
    """Each rank in turn writes a block, and `gap` seconds later each the next."""
    writer = LogWriter(folder, keep=4 * ranks * size)
    for start in range(0, size // LINE, block // LINE):
        for rank in range(ranks):
            now = START + start // (block // LINE) * gap + rank * gap / ranks
            writer.append(rank, 1, lines_of(rank, start, block // LINE), now)
    writer.close()


def sink():
    """A process that empties a pipe: (process, the descriptor to write to)."""
    read, write = os.pipe()
    process = subprocess.Popen(["cat"], stdin=read, stdout=subprocess.DEVNULL)
    os.close(read)
    return process, write


def timed(work):
    """Seconds from the first byte until the other end of the pipe has all."""
    process, write = sink()
    began = time.perf_counter()
    work(write)
    os.close(write)
    process.wait()
    return time.perf_counter() - began


def merged(folder, write, grain=INTERVAL):
    fcntl.fcntl(write, 1031, 1024 * 1024)  # F_SETPIPE_SZ: as `rankzero logs` does
    reader = LogReader(folder)
    prefixes = {rank: b"[%d] " % rank for rank in reader.ranks()}
    chunks = merge([Cursor(reader, rank) for rank in prefixes], final=True, grain=grain)
    for block in marked((chunk.data, prefixes[cursor.rank]) for cursor, chunk in chunks):
        done = os.write(write, block)
        while done < len(block):
            done += os.write(write, block[done:])


def files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name[-4:] == ".log")


def cat(folder, write):
    subprocess.run(["cat", *files(folder)], stdout=write, check=True)


def awk(folder, write):
    program = '{ print "[" substr(FILENAME, match(FILENAME, /rank-/) + 5, 2) "] " $0 }'
    subprocess.run(["awk", program, *files(folder)], stdout=write, check=True)


def check(folder, ranks, size):
    """Every line there, whole, and each rank's in its order."""
    with tempfile.TemporaryFile() as file:
        reader = LogReader(folder)
        for cursor, chunk in merge([Cursor(reader, rank) for rank in reader.ranks()], final=True):
            file.write(mark(chunk.data, b"[%d] " % cursor.rank))
        file.seek(0)
        seen = dict.fromkeys(range(ranks), 0)
        for line in file:
            rank = int(line[1 : line.index(b"]")])
            words = line.split()
            assert (int(words[4]), int(words[6])) == (seen[rank], rank), line
            seen[rank] += 1
    assert seen == dict.fromkeys(range(ranks), size // LINE), seen
    return sum(seen.values())


def measure(title, ranks, size, block, gap, pairs):
    folder = tempfile.mkdtemp(prefix="rankzero-bench-")
    try:
        fill(folder, ranks, size, block, gap)
        lines = check(folder, ranks, size)
        contenders = {"rankzero": merged, "cat": cat}
        if block == LINE:
            contenders["grain 2 s"] = lambda folder, write: merged(folder, write, grain=2.0)
        if shutil.which("awk"):
            contenders["awk"] = awk
        taken = {name: [] for name in contenders}
        for _ in range(pairs):
            for name, work in contenders.items():
                taken[name].append(timed(lambda write, work=work: work(folder, write)))
        report(title, ranks * size, lines, taken)
    finally:
        shutil.rmtree(folder)


def report(title, size, lines, taken):
    print(f"{title}: {lines:,} lines, {size / 2**20:.0f} MiB, each seen once and in order")
    print(f"  {'':10}{'median s':>10}{'MiB/s':>10}{'M lines/s':>11}{'speed of cat':>14}")
    for name, times in taken.items():
        median = statistics.median(times)
        ratio = statistics.median(base / own for base, own in zip(taken["cat"], times, strict=True))
        print(
            f"  {name:10}{median:10.3f}{size / 2**20 / median:10.0f}"
            f"{lines / median / 1e6:11.1f}{ratio:14.2f}"
        )


def main(quick=False):
    """As one of `python -m benchmarks`."""
    run(ranks=64, mib=1 if quick else 4, pairs=3 if quick else 7)


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=64)
    parser.add_argument("--mib", type=int, default=4, help="of each rank")
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    run(options.ranks, options.mib, options.pairs)


def run(ranks, mib, pairs):
    size = mib * 2**20 // (64 * LINE) * (64 * LINE)
    for title, block, gap in (
        ("bursts, 40 KiB a rank at a time", 512 * LINE, 0.1),
        ("a line a rank ten times a second", LINE, 0.1),
    ):
        part = size if block > LINE else size // 8
        part = part // block * block
        measure(title, ranks, part, block, gap, pairs)
        sys.stdout.flush()


if __name__ == "__main__":
    command_line()
