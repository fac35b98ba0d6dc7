"""What a training script may ask of its run, as `rankzero.context()`, `report()`, `outputs()`.

All of it is optional, and works bare too: `python train.py` is a run of one rank, whose outputs
go to `./outputs`. This file imports nothing, since every rank's starter comes through it.
"""
