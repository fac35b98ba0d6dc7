"""What of the user's folder takes part in a run."""

from rankzero.code.files import Survey as Survey
from rankzero.code.files import survey as survey
