# rankzero/export/kfp/step.py
