"""Section 2: conditions of authorisations, and duties."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import Edit, engine, fault, naive

MET = "A condition is **met** while entries"
ATTACH = "The duties of an obligation attach where it matches"
ENFORCED = "An obligation with a duty that nothing enforces"
NOTICE = '`notify_user = "..."`'
RESIDENCY = "`residency = [places]`"
KINDS = "`[[version.duty]]` on obligations and authorisations"
LOG = '`retain = "P365D"`'
CONTESTED = "`no_refusal_by = [attributes]`"
AT_ODDS = "Duties to retain and to retain nothing that attach together"
STRICTEST = "Answers on their way are treated by the strictest"

DUTIES = (
    fault(
        MET,
        "one true entry is enough",
        engine("selection.py", "if saying and all(saying):", "if any(saying):"),
        naive(
            "dates.py",
            "return bool(current) and all(each.value for each in current)",
            "return any(each.value for each in current)",
        ),
    ),
    fault(
        MET,
        "without an entry too",
        engine("selection.py", "if saying and all(saying):", "if all(saying):"),
        naive(
            "dates.py",
            "return bool(current) and all(each.value for each in current)",
            "return all(each.value for each in current)",
        ),
    ),
    fault(
        MET,
        "for ever once true",
        engine("selection.py", "held.append((start, end + grace))", "held.append((start, NEVER))"),
        naive(
            "dates.py",
            "if (each.start is None or each.start <= at) and (each.end is None or at < each.end)",
            "if (each.start is None or each.start <= at)",
        ),
    ),
    fault(
        MET,
        "without its grace",
        engine("selection.py", "held.append((start, end + grace))", "held.append((start, end))"),
        naive("dates.py", "grace = timedelta(seconds=condition.grace_s)", "grace = timedelta()"),
    ),
    fault(
        MET,
        "at the end of its grace",
        engine(
            "selection.py",
            "held.append((start, end + grace))",
            "held.append((start, end + grace + 1))",
        ),
        naive(
            "dates.py",
            "return any(met(s) for s in (at - grace, at,",
            "at -= timedelta(microseconds=1)\n        return any(met(s) for s in (at - grace, at,",
        ),
    ),
    fault(
        "An authorisation one of whose conditions is not met",
        "it relieves all the same",
        engine(
            "rules.py",
            'bars = [f"its condition `{fact}` is not met" for fact in unmet]',
            "bars = [fact for fact in unmet if not fact]",
        ),
        naive("verdict.py", "if met and enforced and len", "if enforced and len"),
    ),
    fault(
        "An authorisation one of whose conditions is not met",
        "one that is met is enough",
        engine(
            "rules.py",
            'bars = [f"its condition `{fact}` is not met" for fact in unmet]',
            'bars = [f"its condition `{fact}` is not met" for fact in unmet]\n'
            "    bars = bars if len(bars) == len(rule.version.conditions) else []",
        ),
        naive("verdict.py", "                met = all(\n", "                met = any(\n"),
    ),
    *(
        fault(
            KINDS,
            f"`{kind}` is not read",
            engine("parse.py", f"    {kind}: {shape} = None\n", f"    {kind}_: {shape} = None\n"),
        )
        for kind, shape in (
            ("monitor", "Text | None"),
            ("report", "Text | None"),
            ("no_refusal_by", "tuple[Text, ...] | None"),
            ("share_participants", "Literal[True] | None"),
        )
    ),
    fault(
        KINDS,
        "times are not read as seconds",
        engine(
            "parse.py",
            'if name == "retain":\n            return duration_s(value)',
            'if name == "retain":\n            return value',
        ),
    ),
    fault(
        KINDS,
        "restrictions may have them",
        engine("parse.py", '"duty": (Kind.AUTHORISATION, Kind.OBLIGATION),\n', ""),
    ),
    fault(
        ATTACH,
        "those of an obligation wherever it is in force",
        engine(
            "judgement.py",
            "for rule in self._touched(may & view.obliging)",
            "for rule in self._touched(view.obliging)",
        ),
        engine(
            "judgement.py",
            "            if (fires := rule.fires(must, may)) is not False\n",
            "            for fires in (True,)\n",
        ),
        naive(
            "verdict.py",
            "due = [each for each in self.obligations if counts(each) and each.matches(truths)]",
            "due = [each for each in self.obligations if counts(each)]",
        ),
        naive(
            "verdict.py",
            "self.obligations = [kept for each in dutiful if (kept := reduced(each))]",
            "self.obligations = dutiful",
        ),
    ),
    fault(
        ATTACH,
        "those of an authorisation never",
        engine("judgement.py", "for rule in (*due, *relieving) for", "for rule in due for"),
        naive(
            "verdict.py",
            "carriers = [*due, *(rule for rules in needed.values() for rule in rules)]",
            "carriers = [*due]",
        ),
    ),
    fault(
        ATTACH,
        "those of an authorisation that is not needed",
        engine(
            "judgement.py",
            "return _permission(sorted(relieving, key=_place), due)",
            "every = {r for r in self._owners if r.directive.kind is Kind.AUTHORISATION}\n"
            "        return _permission(sorted(relieving | every, key=_place), due)",
        ),
        naive(
            "verdict.py",
            "carriers = [*due, *(rule for rules in needed.values() for rule in rules)]",
            "carriers = [*due, *(rule for rules in self.authorisations for rule in rules)]",
        ),
        naive("verdict.py", "if len(kept_rules) == len(rules) and relieves:", "if True:"),
    ),
    fault(
        ENFORCED,
        "an obligation permits",
        engine(
            "duties.py",
            "    if unenforced(version, enforcers):\n        return version",
            "    if False:\n        return version",
        ),
        naive(
            "verdict.py",
            "if not (self._is_enforced(each.version) and each.is_resident(truths))",
            "if not each.is_resident(truths)",
        ),
    ),
    fault(
        ENFORCED,
        "an authorisation relieves",
        engine("rules.py", "duties = unenforced(rule.version, enforcers)", "duties = ()"),
        naive("verdict.py", "if met and enforced and len", "if met and len"),
    ),
    fault(
        "`licet check` warns of both",
        "of neither",
        engine(
            "cautions.py",
            "return (*_undone(sources), *_contradictions(sources), *_contested(sources))",
            "return (*_contradictions(sources),)",
        ),
    ),
    fault(
        "`licet check` warns of both",
        "of obligations alone",
        engine(
            "cautions.py",
            "if names := list(",
            "if directive.kind is not Kind.AUTHORISATION and (names := list(",
        ),
        engine("cautions.py", "unenforced(version))):", "unenforced(version)))):"),
    ),
    fault(
        "`licet check` warns of both",
        "it does not say so",
        Edit(
            "src/licet/cli/checking.py",
            "for caution in cautions(configuration.sources):",
            "for caution in cautions(configuration.sources)[:0]:",
        ),
    ),
    fault(
        NOTICE,
        "there is no such header",
        Edit(
            "src/licet/gateway/cases.py",
            "if told := notices(self.plan.duties_of(step)):",
            "if told := notices(())  :",
        ),
    ),
    fault(
        NOTICE,
        "of the duties of every candidate",
        Edit(
            "src/licet/gateway/cases.py",
            "notices(self.plan.duties_of(step))",
            "notices(self.plan.duties)",
        ),
    ),
    fault(
        NOTICE,
        "another text for the title",
        engine("parse.py", "return self._title if disclosed", 'return "true" if disclosed'),
    ),
    fault(
        NOTICE,
        "of two notices the first",
        engine(
            "duties.py",
            "return tuple(dict.fromkeys(quote(one, safe=_PLAIN) for one in told))",
            "return tuple(dict.fromkeys(quote(one, safe=_PLAIN) for one in told))[:1]",
        ),
    ),
    fault(
        RESIDENCY,
        "an obligation refuses nothing",
        engine(
            "duties.py", "if not elsewhere:\n        return None", "if True:\n        return None"
        ),
        naive(
            "verdict.py",
            "if not (self._is_enforced(each.version) and each.is_resident(truths))",
            "if not self._is_enforced(each.version)",
        ),
    ),
    fault(
        RESIDENCY,
        "an authorisation relieves everywhere",
        engine(
            "duties.py",
            "if not within:\n        return version",
            "if True:\n        return version",
        ),
        naive(
            "verdict.py",
            "matches = authorisation.matches(truths) and authorisation.is_resident(truths)",
            "matches = authorisation.matches(truths)",
        ),
    ),
    fault(
        LOG,
        "the record does not name it",
        Edit(
            "src/licet/gateway/cases.py",
            "duties=tuple(dict.fromkeys(duty.kind for duty in plan.duties)),",
            "duties=(),",
        ),
    ),
    fault(
        LOG,
        "nobody carries it out",
        engine(
            "duties.py",
            'frozenset({"no_refusal_by", "notify_user", "residency", "retain"})',
            'frozenset({"no_refusal_by", "notify_user", "residency"})',
        ),
    ),
    fault(
        '`retain = "PT0S"`, to retain nothing',
        "the log carries it out",
        engine(
            "duties.py",
            'return RETAIN_NOTHING if duty.kind == "retain" and not duty.value else duty.kind',
            "return duty.kind",
        ),
        naive(
            "verdict.py",
            '"retain_nothing" if duty.kind == "retain" and not duty.value else duty.kind',
            "duty.kind",
        ),
    ),
    *(
        fault(
            "`monitor`, `report`, `share_participants`",
            f"something does `{kind}`",
            engine(
                "duties.py",
                'frozenset({"no_refusal_by",',
                f'frozenset({{"{kind}", "no_refusal_by",',
            ),
        )
        for kind in ("monitor", "report", "share_participants")
    ),
    fault(
        "`monitor`, `report`, `share_participants`",
        "it is not told what to do instead",
        engine("cautions.py", '                    f"{_INSTEAD[directive.kind]}",\n', ""),
    ),
    fault(
        CONTESTED,
        "nobody is told",
        engine(
            "contests.py",
            "    return tuple(\n        Contest(",
            "    return ()\n    return tuple(\n        Contest(",
        ),
    ),
    fault(
        CONTESTED,
        "what an exception turns on is not looked at",
        engine("contests.py", "(*version.applies, *version.unless)", "version.applies"),
    ),
    fault(
        CONTESTED,
        "what is observed only refuses",
        engine(
            "contests.py",
            "if version.mode is Mode.OBSERVE or version.nothing:",
            "if version.nothing:",
        ),
    ),
    fault(
        CONTESTED,
        "it refuses whoever it is about",
        engine("duties.py", 'frozenset({"no_refusal_by", ', "frozenset({"),
    ),
    fault(
        AT_ODDS,
        "retaining something and nothing do not",
        engine("judgement.py", "if self._at_odds:", "if False:"),
        naive(
            "verdict.py",
            "return [rule for rule, _ in retaining] if len(kept) > 1 else []",
            "return []",
        ),
    ),
    fault(
        AT_ODDS,
        "residencies do not: either place will do",
        engine("duties.py", "if not elsewhere:", "if len(version.duties) == 1:"),
        engine(
            "duties.py",
            "return bool(places) and not frozenset.intersection(*places)",
            "return False",
        ),
        naive(
            "verdict.py",
            "if not (self._is_enforced(each.version) and each.is_resident(truths))",
            "if not (self._is_enforced(each.version) and any(o.is_resident(truths) for o in due))",
        ),
    ),
    fault(
        "Under `no_refusal_by` a refusal stands",
        "it permits",
        engine(
            "judgement.py",
            "        if finding.verdict is not Verdict.PERMITTED:\n            return finding",
            "        if finding.verdict is not Verdict.PERMITTED and not any(\n"
            '            duty.kind == "no_refusal_by"\n'
            "            for rule in self._owners\n            for duty in "
            "rule.version.duties\n        ):\n"
            "            return finding",
        ),
        naive(
            "verdict.py",
            "        if not refusals:\n",
            "        if not refusals or any(\n"
            '            duty.kind == "no_refusal_by"\n'
            "            for rule in self.obligations\n            for duty in "
            "rule.version.duties\n        ):\n",
        ),
    ),
    fault(
        STRICTEST,
        "by the most lenient",
        engine("judgement.py", "return min(several", "return max(several"),
        naive("verdict.py", "in_flight=min((", "in_flight=max(("),
    ),
    fault(
        STRICTEST,
        "handing over is stricter than cutting",
        engine(
            "judgement.py",
            "(InFlight.CUT, InFlight.HAND_OVER, InFlight.FINISH)",
            "(InFlight.HAND_OVER, InFlight.CUT, InFlight.FINISH)",
        ),
        naive(
            "verdict.py",
            "strictest = list(InFlight)",
            "strictest = [InFlight.HAND_OVER, InFlight.CUT, InFlight.FINISH]",
        ),
    ),
)
