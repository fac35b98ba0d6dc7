"""Numbered lines, as fast as they can be printed."""

import sys

for number in range(int(sys.argv[1])):
    sys.stdout.write(f"line {number:08} of those that must all arrive, each once\n")
