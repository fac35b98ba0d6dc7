"""Where things lie in a pod."""

from __future__ import annotations

#: Where the ConfigMap is mounted; where ranks find it, and may write; where outputs go.
CODE, WORK, OUTPUTS = "/code", "/work", "/outputs"
