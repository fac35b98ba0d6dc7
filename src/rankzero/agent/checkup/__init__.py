"""What can only be seen from where a run would be: from inside a pod, or from this machine.

It sees, and judges nothing: what it saw is a JSON object, and `rankzero doctor` has the words.
"""
