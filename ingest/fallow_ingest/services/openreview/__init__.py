"""OpenReview: submissions with their public reviews, from both generations of its API.

Venues since about 2023 live behind API 2, older ones behind API 1, which has its own host and no wrapper
around the fields of a note. OpenReview changes its limits often and tells them only in its refusals.
"""

from __future__ import annotations

from fallow_ingest.web.limiter import Origin

OPENREVIEW = Origin("openreview", "OpenReview", 3.0, ("openreview.net",))

SITE = "https://openreview.net"
ADDRESSES = {2: "https://api2.openreview.net", 1: "https://api.openreview.net"}
"""Generation of the API -> its host."""
