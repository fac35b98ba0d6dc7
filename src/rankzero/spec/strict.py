"""What every model of a request keeps to."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """No unknown keys, no silent conversions, no change after it was checked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
