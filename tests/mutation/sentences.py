"""Does the test that a sentence names fail where the sentence is false?

`python -m tests.mutation.sentences`: each fault of `sentence_faults` makes one sentence of
docs/policy.md false, in a copy of the repository, and the tests that docs/internals/rules.md
names for that sentence run there. A fault that none of them notices *survives*; a test that
notices none of the faults of its sentence is *idle*, and stands in the table for nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.mutation.copies import Outcome, changed, copy_to, run_tests
from tests.mutation.reports import commit, path_of_today
from tests.mutation.sentence_faults import FAULTS, NO_CLAIM, SentenceFault, texts
from tests.tidy.rules_page import Row, rows


class Result(NamedTuple):
    """One fault, in one of its variants, and those tests of its sentence that failed."""

    row: Row
    fault: SentenceFault
    variant: str
    noticed_by: frozenset[str]

    @property
    def name(self) -> str:
        where = f" ({self.variant})" if self.variant else ""
        return f"{self.row.number}: {self.fault.what}{where}"


def main() -> int:
    """Prints each fault and who noticed; 1 if a fault survives or a test is idle."""
    options = _options()
    chosen = [
        (row, fault, variant)
        for row in rows()
        if not options.number or row.number in options.number
        for fault in FAULTS
        if fault.of in row.sentence
        for variant in fault.variants
    ]
    with tempfile.TemporaryDirectory(prefix="licet-sentences-") as folder:
        copies = [copy_to(Path(folder, str(number))) for number in range(options.jobs)]
        named = sorted({test for row, _, _ in chosen for test in row.tests})
        sound = run_tests(copies[0], [f"tests/{test}" for test in named])
        if not sound.passed:
            print(f"{sound.text}\nerror: these tests fail without any fault")
            return 2
        results = list(_results(copies, chosen))
    survivors = [one for one in results if not one.noticed_by]
    idle = list(_idle(results))
    print(f"{len(results) - len(survivors)} of {len(results)} faults noticed")
    for each in idle:
        print(f"idle: {each}")
    if options.write:
        day = datetime.now(UTC).date().isoformat()
        path_of_today("sentences", day).write_text(report(results, day), encoding="utf-8")
    return 1 if survivors or idle else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", nargs="*", type=int, help="sentences (default: all)")
    parser.add_argument("--jobs", type=int, default=3, help="copies that are tested side by side")
    parser.add_argument("--write", action="store_true", help="write the page of today")
    return parser.parse_args()


def _results(
    copies: Sequence[Path], chosen: Sequence[tuple[Row, SentenceFault, str]]
) -> Iterator[Result]:
    """In the order of the sentences, as soon as each is known."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def judge(row: Row, fault: SentenceFault, variant: str) -> Result:
        copy = free.get()
        try:
            with changed(texts(copy, fault.variants[variant])):
                outcome = run_tests(copy, [f"tests/{test}" for test in row.tests])
        finally:
            free.put(copy)
        return Result(row, fault, variant, _failing(row, outcome))

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(copies)))
        for waiting in [pool.submit(judge, *one) for one in chosen]:
            result = waiting.result()
            print(f"{result.name}: {', '.join(sorted(result.noticed_by)) or 'NOBODY'}", flush=True)
            yield result


def _failing(row: Row, outcome: Outcome) -> frozenset[str]:
    """The tests of the row among those that failed.

    One whose module cannot be imported any more does not count: the fault is none of this
    sentence but one of the whole program, and is reported as surviving until it is put better.
    """
    failed = {f"{path}::{name}" for path, name in outcome.failed}
    if not outcome.passed and not outcome.failed and "not done after" in outcome.text:
        return frozenset(row.tests)
    return frozenset(test for test in row.tests if test in failed)


def _idle(results: Sequence[Result]) -> Iterator[str]:
    for row in dict.fromkeys(one.row for one in results):
        useful = {test for one in results if one.row == row for test in one.noticed_by}
        yield from (f"{row.number}: {test}" for test in row.tests if test not in useful)


def report(results: Sequence[Result], day: str) -> str:
    """The page for docs/results."""
    survivors = [one for one in results if not one.noticed_by]
    idle = list(_idle(results))
    sentences = len({one.row.number for one in results})
    lines = [
        f"# Sentences: faults that make one of them false, {day}, {commit()}",
        "",
        f"{len(results) - len(survivors)} of {len(results)} faults noticed by a test that",
        f"[the table](../internals/rules.md) names; {sentences} sentences have faults,",
        f"{len(NO_CLAIM)} make no claim that code could break, each with its reason in",
        "`tests/mutation/sentence_faults`. Made by `make mutation`. Where a fault is put in both",
        "interpretations of the rules, each alone and both together count: three times.",
        "",
        "| | what is wrong | where | noticed by |",
        "|---|---|---|---|",
    ]
    for one in results:
        names = sorted(test.rpartition("::")[2] for test in one.noticed_by)
        cell = ", ".join(f"`{name}`" for name in names) or "**nobody**"
        lines.append(f"| {one.row.number} | {one.fault.what} | {one.variant} | {cell} |")
    lines += ["", "## Survivors", ""]
    lines += [f"- {one.name}" for one in survivors] or ["None."]
    lines += ["", "## Tests that notice no fault of their sentence", ""]
    lines += [f"- {one}" for one in idle] or ["None."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
