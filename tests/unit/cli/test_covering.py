"""What `licet coverage` prints, as reviewed."""

from __future__ import annotations

from licet.cli.covering import describe
from licet.watch import Coverage, DirectiveCoverage, Enforced, Missing, WorkloadCoverage


def workload(
    name: str, requests: int, undetermined: int, unanswered: int, enforced: int
) -> WorkloadCoverage:
    return WorkloadCoverage(
        id=name,
        requests=requests,
        undetermined=undetermined,
        unanswered=unanswered,
        enforced_undetermined=enforced,
    )


COVERAGE = Coverage(
    since="2026-06-12T21:21:00.000000Z",
    until="2026-06-13T21:20:59.000000Z",
    requests=12_000,
    undetermined=1_500,
    unanswered=300,
    refused=60,
    enforced_undetermined=9_000,
    enforced_refused=120,
    workloads=(
        workload("code-review", 2_000, 1_500, 300, 2_000),
        workload("assistant", 10_000, 0, 0, 7_000),
    ),
    directives=(DirectiveCoverage(id="letter", undetermined=1_500, refused=60),),
    observed=(Enforced(id="draft", undetermined=7_500, refused=60),),
    missing=(
        Missing(attributes=("us_person",), settles=1_500, settles_enforced=8_800),
        Missing(attributes=("engagement", "place"), settles=0, settles_enforced=200),
    ),
)
TEXT = """\
12,000 requests, 2026-06-12T21:21:00.000000Z to 2026-06-13T21:20:59.000000Z
undetermined 1,500 (12.5 %), of them 300 without an answer from another model
refused      60 (0.5 %)
if what is observed were enforced:
  undetermined 9,000 (75.0 %)
  refused      120 (1.0 %)
workloads, most undetermined first:
  code-review: 1,500 (75.0 %) of 2,000; 2,000 if enforced
  assistant: 0 (0.0 %) of 10,000; 7,000 if enforced
directives that decide:
  letter: left 1,500 undetermined, refused 60
observed directives:
  draft: would leave 7,500 undetermined, would refuse 60
attest, the set that settles most first:
  us_person: settles 1,500 of 1,500; 8,800 of 9,000 if enforced
  engagement + place: settles 0 of 1,500; 200 of 9,000 if enforced"""


def test_coverage_is_told_as_reviewed() -> None:
    assert "\n".join(describe(COVERAGE)) == TEXT


def test_without_a_record_it_says_so() -> None:
    assert describe(Coverage()) == ["no request is recorded"]


def test_long_tables_end_with_how_much_more_there_is() -> None:
    rows = tuple(workload(f"w{n}", 1, 0, 0, 0) for n in range(20))
    assert "  and 8 more: --json has all" in describe(Coverage(requests=20, workloads=rows))
