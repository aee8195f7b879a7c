"""`licet explain`."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec

from licet import policy
from licet.catalog import Candidate, RefusalClass
from licet.cli.options import MOMENT, config_option, json_option, show_json
from licet.cli.persons import Person, person_options
from licet.cli.snapshots import snapshot_of
from licet.gateway import Folder, kept_keys
from licet.identity import TokenProblem, TokenVerifier
from licet.policy import Configuration, Snapshot
from licet.terms import (
    Instant,
    OperationFault,
    Profile,
    did_you_mean,
    format_instant,
)

REFUSED = 3


@click.command()
@click.option("--organisation", required=True, help="Whose key is used, by id.")
@click.option("--workload", required=True, help="For what, by id.")
@click.option("--model", required=True, help="Which model, by id.")
@click.option("--endpoint", help="Where; without it, every endpoint of the workload.")
@click.option("--at", type=MOMENT, default="now", help="As of when it is decided.")
@click.option("--known-at", type=MOMENT, help="On what was recorded by then; without it, all.")
@click.option(
    "--action", type=click.Choice([one.value for one in policy.Action]), default="inference"
)
@click.option("--token", help="A subject's token, in the place of attributes.")
@person_options
@config_option
@json_option
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    organisation: str,
    workload: str,
    model: str,
    endpoint: str | None,
    at: Instant,
    known_at: Instant | None,
    action: str,
    token: str | None,
    folder: Folder,
    as_json: bool,
    **attributes: Any,
) -> None:
    """The verdict for a person, a workload and a model, and why.

    What is not said of the person is unknown. The exit code is 0 when the model is permitted at
    some endpoint, 3 when it is refused or undetermined, 1 when the question cannot be answered.
    """
    snapshot, configuration, _ = snapshot_of(folder, at)
    profile = _profile(folder, configuration, token, attributes)
    moment = policy.Moment(valid_at=at, known_at=known_at)
    explanations = {
        place: policy.explain(
            snapshot,
            moment,
            profile=profile,
            organisation=organisation,
            workload=workload,
            model=model,
            endpoint=place,
            action=policy.Action(action),
        )
        for place in _places(snapshot, organisation, workload, model, endpoint)
    }
    verdicts = [one.decision.verdict for one in explanations.values()]
    best = next((one for one in verdicts if one is policy.Verdict.PERMITTED), None)
    if as_json:
        show_json(
            {
                "at": format_instant(at),
                "snapshot": snapshot.digest,
                "verdict": (best or verdicts[0]).value,
                "endpoints": [
                    {"endpoint": place, **msgspec.to_builtins(one)}
                    for place, one in explanations.items()
                ],
            }
        )
    else:
        for place, one in explanations.items():
            verdict, *reasons = policy.sentences(one)
            click.echo(f"`{model}` at `{place}`: {verdict}")
            click.echo("".join(f"  {line}\n" for line in reasons), nl=False)
            if where := _routed(snapshot, workload, model, place):
                click.echo(f"  {where}")
    ctx.exit(0 if best is not None else REFUSED)


def _profile(
    folder: Folder, configuration: Configuration, token: str | None, attributes: dict[str, Any]
) -> Profile:
    if token is None:
        return Person(**attributes).profile()
    issuers = kept_keys(folder.issuers(configuration.settings), configuration.issuers)
    verified = TokenVerifier(issuers).verify(token, int(time.time()))
    if isinstance(verified, TokenProblem):
        raise OperationFault(verified.code, verified.message)
    return verified.profile


def _places(
    snapshot: Snapshot, organisation: str, workload: str, model: str, endpoint: str | None
) -> list[str]:
    """The endpoints to decide for; `OperationFault` for names that nobody knows."""
    sources = snapshot.sources
    workloads = {one.id: one for one in sources.workloads}
    _must_be_known("organisation", organisation, [one.id for one in sources.organisations])
    _must_be_known("workload", workload, list(workloads))
    _must_be_known("model", model, [one.id for one in sources.models])
    if endpoint is not None:
        _must_be_known("endpoint", endpoint, [one.id for one in sources.endpoints])
        return [endpoint]
    found = [one.endpoint for one in workloads[workload].reachable if one.model == model]
    if not found:
        raise OperationFault(
            "not_a_candidate",
            f"`{model}` is no candidate of `{workload}`",
            remedy="name an endpoint to ask nevertheless: `--endpoint`",
        )
    return found


def _routed(snapshot: Snapshot, workload: str, model: str, endpoint: str) -> str:
    """Which refusals of vendors the workload routes there; empty: none."""
    step = Candidate(model=model, endpoint=endpoint)
    rules = next(one.on_refusal for one in snapshot.sources.workloads if one.id == workload)
    told = [
        " ".join(
            [
                ", ".join(rule.classes or RefusalClass),
                *([f"({', '.join(rule.categories)})"] if rule.categories else []),
            ]
        )
        for rule in rules
        if step in rule.candidates
    ]
    return f"asked where another model refuses: {'; '.join(told)}" if told else ""


def _must_be_known(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise OperationFault(
            f"unknown_{what}",
            f"there is no {what} `{name}`",
            remedy=did_you_mean(name, known) or "there are: " + ", ".join(known),
        )
