"""Directives to Cedar: policies and the schema that has to go with them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from licet.policy.cedar.attributes import PARTIES, PRESENT, TYPES, Use, quoted
from licet.policy.cedar.expressions import LIST_TYPES, Writer, in_force
from licet.policy.directives import Condition, Directive, FactCondition, Kind, Mode, Version
from licet.policy.duties import refusing, relieving
from licet.policy.questions import Action, Sources
from licet.terms import ConfigurationFault

SLOTS = 4
"""Records of one set that an export looks at, unless it is told otherwise."""

CLEARANCE = "licet.clearance"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Cedar policies, the schema to pass with every request, and what requests must tell.

    `uses`: the attributes that are read, in the order of their names. `lists`: ids of the
    lists that entities must be members of. `facts`: the conditions of licences. `slots`: how
    many records of one set are looked at.
    """

    policies: str
    schema: str
    uses: tuple[Use, ...]
    lists: frozenset[str]
    facts: frozenset[FactCondition]
    slots: int


def export_directive(
    sources: Sources, name: str, number: int | None = None, *, slots: int = SLOTS
) -> Export:
    """One directive alone, or its version `number` (from 1), with its dates.

    A restriction forbids where it matches, and everything else is permitted; an authorisation
    permits where it matches and its conditions are met, and nothing else is; an obligation is
    exported as a restriction. Modes, duties and links are annotations. `ConfigurationFault` if
    there is no such directive or version.
    """
    directive = next((one for one in sources.directives if one.id == name), None)
    if directive is None or (number is not None and not 0 < number <= len(directive.versions)):
        what = f"directive `{name}`" if number is None else f"version {number} of `{name}`"
        raise ConfigurationFault("unknown_directive", f"there is no {what}")
    writer = Writer(sources, slots)
    relaxes = directive.kind is Kind.AUTHORISATION
    policies = [] if relaxes else [_PERMIT]
    for index, version in enumerate(directive.versions):
        if not version.nothing and number in (None, index + 1):
            text = _head(directive, index, "permit" if relaxes else "forbid")
            text += _when(in_force(directive.versions, index))
            policies.append(text + _body(writer, version) + _conditions(writer, version) + ";\n")
    return _finish(writer, policies, slots)


def export_all(
    sources: Sources, *, enforcers: frozenset[str] = frozenset(), slots: int = SLOTS
) -> Export:
    """Every directive together, as enforced.

    Cedar knows no relief: each restriction is forbidden *unless* an authorisation that names
    it is in force, confirmed, met and matching. What is only observed is left out, and so is
    the duty of an obligation; an obligation with a duty outside `enforcers` forbids, an
    authorisation with one relieves nothing.
    """
    writer = Writer(sources, slots)
    policies = [_PERMIT]
    for directive in sources.directives:
        for index, version in enumerate(directive.versions):
            refused = _refused(directive, version, enforcers)
            if refused is not None:
                text = _head(directive, index, "forbid")
                text += _when(in_force(directive.versions, index)) + _body(writer, refused)
                if directive.kind is Kind.RESTRICTION:
                    for relief in _reliefs(sources, directive, index, writer, enforcers):
                        text += f"unless {{\n  {relief}\n}}\n"
                policies.append(text + ";\n")
    if sources.rules.refuse_uncleared:
        policies.append(_clearance(sources, writer))
    return _finish(writer, policies, slots)


def _refused(directive: Directive, version: Version, enforcers: frozenset[str]) -> Version | None:
    """What of a version refuses where it matches, if anything does."""
    if version.nothing or version.mode is Mode.OBSERVE:
        return None
    return refusing(directive, version, enforcers)


def _reliefs(
    sources: Sources,
    restriction: Directive,
    index: int,
    writer: Writer,
    enforcers: frozenset[str],
) -> Iterator[str]:
    """Where each version of each authorisation relieves this version of the restriction."""
    for directive in sources.directives:
        if directive.kind is not Kind.AUTHORISATION:
            continue
        for place, version in enumerate(directive.versions):
            if (
                restriction.id in version.relieves
                and not version.nothing
                and version.mode is Mode.ENFORCE
                and (narrowed := relieving(version, enforcers)) is not None
                and _confirmed(version, restriction, index)
            ):
                met = "".join(f" && {writer.met(one)}" for one in version.conditions)
                yield (
                    f"// relieved by {quoted(directive.id)}\n  "
                    f"{in_force(directive.versions, place)}{met} && ({writer.matches(narrowed)})"
                )


def _confirmed(authorisation: Version, restriction: Directive, index: int) -> bool:
    """Recorded no earlier than the restriction's version, or naming it by its number."""
    amended, written = restriction.versions[index].recorded_at, authorisation.recorded_at
    if f"{restriction.id}@{index + 1}" in authorisation.confirms or amended is None:
        return True
    return written is not None and written >= amended


def _clearance(sources: Sources, writer: Writer) -> str:
    demanded = Condition(attribute="model.capability", any_of=sources.rules.refuse_uncleared)
    cleared = Condition(attribute="model.cleared", any_of=(True,))
    # A model of which nobody said that it is cleared is not.
    return (
        f"@id({quoted(CLEARANCE)})\nforbid (principal, action, resource)\n"
        f"{_when(writer.condition(demanded, ()))}"
        f"unless {{\n  {writer.presumed(cleared, False)}\n}}\n;\n"
    )


_PERMIT = '@id("everything else")\npermit (principal, action, resource);\n'


def _head(directive: Directive, index: int, effect: str) -> str:
    version = directive.versions[index]
    lines = [f"@id({quoted(f'{directive.id}@{index + 1}')})"]
    for name, text in (("title", directive.title), ("authority", directive.authority)):
        if text:
            lines.append(f"@{name}({quoted(text)})")
    if version.mode is Mode.OBSERVE:
        lines.append('@mode("observe")')
    if version.relieves:
        lines.append(f"@relieves({quoted(', '.join(version.relieves))})")
    if version.duties:
        lines.append(f"@duties({quoted(', '.join(duty.kind for duty in version.duties))})")
    return "\n".join([*lines, f"{effect} (principal, action, resource)\n"])


def _when(expression: str) -> str:
    return f"when {{\n  {expression}\n}}\n"


def _body(writer: Writer, version: Version) -> str:
    text = ""
    if version.applies:
        text += _when(writer.tables(version.applies, version.presume))
    if version.unless:
        text += f"unless {{\n  {writer.tables(version.unless, version.presume)}\n}}\n"
    return text


def _conditions(writer: Writer, version: Version) -> str:
    return "".join(_when(writer.met(one)) for one in version.conditions)


def _finish(writer: Writer, policies: list[str], slots: int) -> Export:
    uses = tuple(sorted(writer.uses, key=lambda use: use.path))
    return Export(
        policies="\n".join(policies),
        schema=_schema(uses, slots),
        uses=uses,
        lists=frozenset(writer.lists),
        facts=frozenset(writer.facts),
        slots=slots,
    )


def _schema(uses: tuple[Use, ...], slots: int) -> str:
    """Only what the policies read, and all of that required: what is not known is an entity
    without it, which Cedar rejects, and that counts as refusal."""
    lines = [f"entity {', '.join(LIST_TYPES.values())};"]
    members = {"Place": "PlaceList", "Organisation": "OrganisationList"}
    members |= {"ModelName": "ModelList", "Operator": "OperatorList"}
    lines += [f"entity {one} in [{group}];" for one, group in members.items()]
    for party, entity in TYPES.items():
        told = [
            f"  {use.member}{'?' if use.optional else ''}: {_type(use, slots)},"
            for use in uses
            if use.party == party
        ]
        told.append(f"  {PRESENT}: Bool,")
        lines.append("\n".join([f"entity {entity} = {{", *told, "};"]))
    context = [
        f"    {quoted(party)}: {TYPES[party]},"
        for party, path in PARTIES.items()
        if path.startswith("context.")
    ]
    context += ['    "valid_at": Long,', '    "known_at": Long,', '    "met": Set<String>,']
    actions = ", ".join(quoted(action.value) for action in Action)
    lines.append(
        "\n".join(
            [
                f"action {actions} appliesTo {{",
                f"  principal: [{TYPES['subject']}],",
                f"  resource: [{TYPES['endpoint']}],",
                "  context: {",
                *context,
                "  },",
                "};",
            ]
        )
    )
    return "\n".join(lines) + "\n"


def _type(use: Use, slots: int) -> str:
    if not use.shape.slotted:
        return use.shape.value
    filled = ", ".join(f'"s{number}"?: {use.shape.element}' for number in range(slots))
    return f"{{{filled}}}"
