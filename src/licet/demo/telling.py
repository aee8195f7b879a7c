"""What happened, in plain words, and the verdict table as it was heard."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from licet.demo.persons import COLUMNS, FABLE, PERSONS
from licet.demo.tally import Report, Tally, VerdictSeen
from licet.policy import Verdict
from licet.terms import to_datetime

SIGNS = {
    Verdict.PERMITTED: ("P", "green"),
    Verdict.REFUSED: ("-", "red"),
    Verdict.UNDETERMINED: ("?", "yellow"),
}
"""As the verdict table of June 2026 writes them, and in which colour."""

NEXT = (
    ("docs/start.md", "what was played, and the first steps"),
    ("licet init DIR", "a gateway of your own, on simulated vendors"),
    ("licet demo --keep DIR", "keeps configurations and evidence logs"),
)
KEPT = (
    "licet evidence verify --config {}/developer",
    "licet evidence show --kind decision --config {}/developer",
    "licet directive list --config {}/developer",
)


def summary(report: Report, seconds: float, *, kept: Path | None = None) -> RenderableType:
    """Everything that is said at the end. `kept`: where configurations and logs are."""
    parts: list[RenderableType] = [Text()]
    parts += [_table(report), Text()] if report.verdicts else []
    parts += [paragraph for one in report.passes for paragraph in (_told(one), Text())]
    parts += [_judged(report), Text()]
    wrongs = [wrong for one in report.passes for wrong in one.wrongs]
    parts += [Text(f"  {wrong}", style="red") for wrong in wrongs]
    parts += [Text()] if wrongs else []
    parts.append(
        Text(f"Played in {seconds:.0f} s on simulated vendors, by a scripted clock. Next:")
    )
    where = NEXT[:2] if kept is not None else NEXT
    width = max(len(what) for what, _ in where)
    parts += [Text(f"  {what:<{width}}  {why}") for what, why in where]
    parts += [Text(f"  {command.format(kept)}") for command in KEPT if kept is not None]
    return Group(*parts)


def _told(one: Tally) -> Text:
    text = Text()
    if one.id == "developer":
        text.append("The developer's side. ", "bold")
        text.append(
            f"{one.requests:,} requests by 13 persons and jobs. {one.answered:,} were answered,"
            f" {one.rerouted:,} of them by another permitted model, which they were told."
            f" {one.refused:,} were refused with the reason, {one.cut} of them streams on their"
            " way, cut when a directive that names the person came into force; all others went"
            " on. "
        )
    else:
        text.append("The deployer's side. ", "bold")
        text.append(
            f"{one.requests:,} requests, with both models withdrawn from everybody for 18 days."
            f" {one.answered:,} were answered, {one.rerouted:,} of them by another permitted"
            f" model. {one.refused:,} were refused, {one.unavailable} of them because nobody had"
            " the model that they named and no other. "
        )
    text.append(
        f"A blanket shutdown would have refused {one.blanket_refused:,} requests;"
        f" Licet refused {one.refused:,}.",
        "bold",
    )
    return text


def _judged(report: Report) -> Text:
    right = sum(seen.is_right for seen in report.verdicts)
    counts = [report.total(name) for name in ("unlawful", "wrongly_refused", "lost")]
    records = sum(one.evidence.records for one in report.passes)
    verified = all(one.evidence.verified for one in report.passes)
    text = Text()
    text.append("Judged by what did not decide: ", "bold")
    text.append(
        f"{counts[0]} unlawful on the vendors' ledger, {counts[1]} wrongly refused and"
        f" {counts[2]} lost at the callers; {right} of {len(report.verdicts)} verdicts as"
        f" expected. {records:,} evidence records in two logs, "
    )
    text.append("verified." if verified else "NOT VERIFIED.", "" if verified else "bold red")
    return text


def _table(report: Report) -> Table:
    """Persons by the columns of the verdict table."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("who named the model", no_wrap=True, width=30)
    for column in COLUMNS:
        name = "Fable" if column.model == FABLE else "Mythos"
        table.add_column(f"{to_datetime(column.at):%d %b}\n{name}", justify="center", width=6)
    seen = {(one.person, one.model, one.at): one for one in report.verdicts}
    for person in PERSONS:
        cells = [_cell(seen[person.row, column.model, column.at]) for column in COLUMNS]
        table.add_row(person.short, *cells)
    return table


def _cell(seen: VerdictSeen) -> Text:
    if not seen.is_right:
        return Text("wrong", "bold reverse red")
    return Text(*SIGNS[seen.expected])
