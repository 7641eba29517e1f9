"""Bad days by the hundred: every service harvested through seeded faults ends with the undisturbed library.

    python benchmarks/faults.py [--service NAME] [--seeds 200]

For each scenario of tests/protocols: one calm harvest, then one for every seed against a server that resets
connections, cuts and garbles answers, asks to wait, or fails on four requests of ten. A seed fails when the
library differs in any stored row. "first run whole" is the share of schedules that needed no second command.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from protocols.scenarios import content, run_until_complete, scenarios


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--service", help="only that one")
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    failed = 0
    print(f"{'scenario':32}{'seeds':>7}{'same':>7}{'first run whole':>17}{'runs each':>11}")
    for scenario in scenarios():
        if options.service not in (None, scenario.service):
            continue
        same, whole, runs = 0, 0, 0
        with tempfile.TemporaryDirectory() as folder:
            calm = Path(folder) / "calm"
            run_until_complete(scenario, calm, calm / "state")
            wanted = content(calm)
            for seed in range(options.seeds):
                library = Path(folder) / str(seed)
                accounts = run_until_complete(scenario, library, library / "state", seed)
                runs += len(accounts)
                whole += len(accounts) == 1
                if content(library) == wanted:
                    same += 1
                else:
                    print(f"  {scenario.name}: seed {seed} differs")
        failed += options.seeds - same
        print(
            f"{scenario.name:32}{options.seeds:>7}{same:>7}{whole / options.seeds:>17.2f}"
            f"{runs / options.seeds:>11.2f}"
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
