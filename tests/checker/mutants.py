"""How sharp is `berthc check`? Changes one thing of a spec at a time and looks whether the change
is refused.

tests/checker/mutants.py [--callers N] [--keys N] [--jobs N] [--only TEXT] [--verbose] SPEC…

A mutant is refused by a static rule or by the search. One that passes must be a sound spec of
another design; `explain.py` says of each why it is. A warning that the spec itself has not is named
beside. Exit status 0 when every mutant is refused or explained, else 1.
"""
from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "gen"), str(Path(__file__).resolve().parent)]

from berthc.diag import Severity  # noqa: E402
from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.pipeline import search_text  # noqa: E402
from explain import explain  # noqa: E402
from spec_mutants import Mutant, mutants, tree_of  # noqa: E402


def verdict(text: str, bounds: Bounds) -> tuple[str, str]:
    """("static" | "search" | "passed", the ids that refuse it; of one that passed, its
    warnings)."""
    result, manager = search_text("mutant.yaml", text)
    errors = sorted({d.id for d in result.diagnostics if d.severity is Severity.ERROR})
    if manager is not None:
        found = sorted({f.fault.id for f in explore(manager, bounds).findings})
        if found:
            return "search", ", ".join(found)
    if errors:
        return "static", ", ".join(errors)
    warnings = {d.id for d in result.diagnostics if d.severity is Severity.WARNING}
    return "passed", ", ".join(sorted(warnings))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--callers", type=int, default=2)
    parser.add_argument("--keys", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="only changes in a place with this in its name")
    parser.add_argument("--verbose", action="store_true", help="one line per mutant")
    parser.add_argument("specs", nargs="+", type=Path)
    args = parser.parse_args()
    bounds = Bounds(callers=args.callers, keys=args.keys)
    unexplained = 0
    for spec in args.specs:
        counts: Counter[str] = Counter()
        text = spec.read_text(encoding="utf-8")
        found = [m for m in mutants(tree_of(text)) if args.only in m.where]
        usual = verdict(text, bounds)
        assert usual[0] == "passed", f"{spec}: {usual[1]}"
        with ProcessPoolExecutor(args.jobs) as pool:
            verdicts = pool.map(partial(verdict, bounds=bounds), (m.text for m in found))
            reported = list(zip(found, verdicts, strict=True))
        for mutant, (how, ids) in reported:
            counts[how] += 1
            if how == "passed":
                reason = explain(spec.stem, mutant)
                unexplained += reason is None
                warned = f" (warning: {ids})" if ids != usual[1] else ""
                print(
                    f"{spec.stem}: passed: {mutant.where}: {mutant.what}{warned}: "
                    f"{reason or 'UNEXPLAINED'}"
                )
            elif args.verbose:
                print(f"{spec.stem}: {how}: {mutant.where}: {mutant.what}: {ids}")
        refused = counts["search"] + counts["static"]
        print(f"{spec.stem}: {refused} of {sum(counts.values())} mutants refused "
              f"({counts['search']} by the search, {counts['static']} by static rules alone)")
        sys.stdout.flush()
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
