import os
print(os.environ['RANKZERO_OUTPUTS'], os.environ['RANKZERO_RANK'])
