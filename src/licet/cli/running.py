"""`licet up` and `licet reload`."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace

import click
import msgspec

from licet.catalog import EvidenceSettings
from licet.cli.options import MOMENT, child, config_option, who
from licet.cli.snapshots import history_of
from licet.gateway import (
    Folder,
    FolderAdopter,
    Plan,
    Running,
    Supervisor,
    ask,
    listening_context,
)
from licet.policy import Configuration, Snapshot
from licet.storage import SnapshotStore, digest_key, register
from licet.terms import Faults, Instant, OperationFault, format_instant


@click.command()
@config_option
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that serve requests.")
@click.option("--sim", is_flag=True, help="Run simulated vendors on the ports of this machine.")
@click.option(
    "--clock-at",
    type=MOMENT,
    help="Where a scripted clock begins; only with `[clock] scripted = true`.",
)
@click.pass_context
def up(
    ctx: click.Context, folder: Folder, workers: int | None, sim: bool, clock_at: Instant | None
) -> None:
    """Run the gateway until Ctrl-C.

    What is in flight may end first; a second Ctrl-C ends at once. When a file is broken, what
    was adopted last is in force again, and what of the files only restricts beside it.
    """
    configuration = folder.startable()
    if configuration.faults and history_of(folder, configuration).is_empty:
        raise Faults(configuration.faults)
    plan = _plan(folder, configuration, clock_at)
    if workers is not None:
        plan = replace(plan, workers=workers)
    if sim:
        config = os.fspath(folder.path)
        plan = replace(
            plan,
            companion=lambda control_fd: child(
                "vendors", "--control-fd", str(control_fd), "--config", config
            ),
        )
    loop = asyncio.new_event_loop()
    supervisor = Supervisor(
        loop=loop,
        plan=plan,
        adopter=_adopter(folder, configuration),
        wall=_wall,
        report=lambda line: click.echo(line, err=True),
        on_running=lambda running: _announce(running, plan),
    )
    try:
        ctx.exit(loop.run_until_complete(supervisor.run()))
    finally:
        loop.close()


@click.command()
@config_option
@click.pass_context
def reload(ctx: click.Context, folder: Folder) -> None:
    """Adopt the configuration again, in every worker.

    Returns when every worker serves the new one, or says which does not. When a file is broken,
    only what restricts takes effect, and the exit code is 1.
    """
    found = ask(folder.control(folder.configuration().settings), "reload")
    for line in found["faults"]:
        click.echo(f"error: {line}", err=True)
    for line in found["left"]:
        click.echo(f"left out: {line}", err=True)
    click.echo(f"{found['workers']} workers serve snapshot {found['snapshot'][:16]}")
    for line in found["recorded"]:
        click.echo(f"recorded: {line}")
    for line in found["notices"]:
        click.echo(f"note: {line}")
    if found["faults"]:
        click.echo("adopted in part: only what restricts took effect", err=True)
        ctx.exit(1)


def _adopter(folder: Folder, configuration: Configuration) -> FolderAdopter:
    evidence = folder.evidence(configuration.settings)
    return FolderAdopter(
        folder=folder,
        settings=configuration.settings,
        register=lambda: (leaf for _, leaf in register(evidence)),
        keep=SnapshotStore(evidence).put,
        recall=SnapshotStore(evidence).get,
        digest_key=lambda: digest_key(evidence),
        environment=os.environ,
        wall=_wall,
        by=who(),
    )


def _plan(folder: Folder, configuration: Configuration, clock_at: Instant | None) -> Plan:
    settings = configuration.settings
    scripted: Instant | None = None
    if settings.clock.scripted:
        scripted = _wall() if clock_at is None else clock_at
    elif clock_at is not None:
        raise OperationFault(
            "clock_not_scripted",
            "`--clock-at` sets a scripted clock, and this one follows the system's",
            remedy="only where `licet.toml` says `[clock] scripted = true`",
        )
    # Told here, before anything is started; each worker reads them again.
    listening_context(settings.listen, folder.path)
    evidence = folder.evidence(settings).resolve()
    recorder_path = folder.recorder(settings).resolve()
    origin = settings.log_origin

    def recorder(control_fd: int, listen_fd: int) -> list[str]:
        where = ["--control-fd", str(control_fd), "--listen-fd", str(listen_fd)]
        at = [] if scripted is None else ["--scripted-at", format_instant(scripted)]
        return child("recorder", *where, "--folder", str(evidence), "--origin", origin, *at)

    def worker(control_fd: int, listen_fd: int, index: int) -> list[str]:
        where = ["--control-fd", str(control_fd), "--listen-fd", str(listen_fd)]
        where += ["--recorder", str(recorder_path), "--index", str(index)]
        return child("worker", *where, "--configuration", str(folder.path.resolve()))

    def publisher(control_fd: int, asked: EvidenceSettings) -> list[str]:
        where = ["--control-fd", str(control_fd), "--folder", str(evidence)]
        where += ["--config", str(folder.path.resolve())]
        return child("publisher", *where, "--settings", msgspec.json.encode(asked).decode())

    return Plan(
        folder=evidence,
        configuration=folder.path.resolve(),
        control=folder.control(settings).resolve(),
        recorder_path=recorder_path,
        host=settings.listen.host,
        port=settings.listen.port,
        workers=settings.node.workers,
        recorder=recorder,
        worker=worker,
        publisher=publisher,
        scripted_start=scripted,
    )


def _announce(running: Running, plan: Plan) -> None:
    """One block, once everything is up; what is out of the ordinary is loud."""
    settings = running.adopted.settings
    scheme = "https" if settings.listen.certificate_file else "http"
    snapshot = Snapshot.load(running.adopted.document)
    selected = snapshot.select(running.at)
    in_force = [
        f"{name} v{number}" for name, number, mode in selected.in_force if mode == "enforce"
    ]
    observed = [
        f"{name} v{number}" for name, number, mode in selected.in_force if mode == "observe"
    ]
    lines = [
        f"licet      {scheme}://{running.address}",
        f"workers    {running.workers}, snapshot {running.adopted.digest[:16]}",
        f"in force   {', '.join(in_force) or 'no directive'}",
    ]
    if observed:
        lines.append(f"OBSERVED   recorded and not enforced: {', '.join(observed)}")
    if running.adopted.is_partial:
        lines.append("PARTIAL    files are broken: what was adopted last is in force")
        lines += [f"BROKEN     {fault}" for fault in running.adopted.faults]
        lines += [f"left out   {one}" for one in running.adopted.left]
    if running.scripted:
        lines.append(
            f"CLOCK      SCRIPTED, stands at {format_instant(running.at)}: not the real time"
        )
    if plan.companion is not None:
        lines.append("VENDORS    SIMULATED: no answer comes from a model")
    lines += [
        f"evidence   {plan.folder}",
        f"operator   {settings.operator.name}, {settings.operator.contact}",
    ]
    lines += [f"note       {notice}" for notice in running.adopted.notices]
    lines.append("ready      Ctrl-C ends it once what is in flight has ended; twice, at once")
    click.echo("\n".join(lines))


def _wall() -> Instant:
    return Instant(time.time_ns() // 1000)
