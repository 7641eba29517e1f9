"""A harvest in a process of its own, to be killed: python killed_harvest.py SCENARIO URL LIBRARY STATE."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from protocols.scenarios import scenarios
from protocols.server import FakeClock

from fallow_ingest.catalog import Catalog
from fallow_ingest.harvest import harvest
from fallow_ingest.services import SERVICES
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Limiter


def main() -> None:
    name, url, library, state = sys.argv[1:]
    scenario = next(s for s in scenarios() if s.name == name)
    with Catalog.open(Path(library), create=True) as catalog:
        if scenario.held:
            catalog.add(scenario.held, "jsonl")
        service = SERVICES.create(scenario.service, base=url)
        # Every process has a clock that begins anew, whatever the one before had waited for.
        limiter = Limiter(FakeClock(), folder=Path(state), longest_wait=1e6)
        with Client(limiter) as client:
            account = harvest(catalog, service, scenario.selection, client)
    if account.failure:
        raise account.failure


if __name__ == "__main__":
    main()
