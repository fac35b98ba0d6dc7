import os
print(os.environ['RANKZERO_OUTPUTS'], os.environ['RANKZERO_RANK'])
print(os.environ.get('RANKZERO_PORT_HTTP'), os.environ.get('RANKZERO_VOLUME_BEST'))
