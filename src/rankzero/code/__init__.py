"""What of the user's folder takes part in a run."""

from rankzero.code.survey import Survey as Survey
from rankzero.code.survey import survey as survey
