"""Section 5: ways to fail open, and clocks."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import Edit, engine, fault, naive

BROKEN = "**A broken file never keeps a restriction out**"
MISSPELT = "A name that may stand in a file which nobody can read"
LEFT = "What had to wait is named"
SUSPENDED = "It writes a directive into the log"
KEEPS_OUT = "**A contradiction never keeps a restriction out.**"
STALE = "**A stale worker does not guess**"
SPAN = "Decision time has a declared error *e*"
ANYWHERE = "What restricts (restrictions and obligations) applies"
THROUGHOUT = "What relaxes applies only throughout it"
BACKWARDS = "Decision time never runs backwards"
CLOCK = "src/licet/gateway/clock.py"
FRONT = "src/licet/gateway/front.py"
SUSPENSION = "src/licet/gateway/suspension.py"

FAILING = (
    fault(
        KEEPS_OUT,
        "of two authorisations of one restriction neither relieves it",
        engine("judgement.py", "            if not sure:\n", "            if len(sure) != 1:\n"),
        engine(
            "completions.py",
            "                relieved = True\n",
            "                relieved = not relieved\n",
        ),
        naive(
            "verdict.py",
            "                if not reliefs:\n",
            "                if len(reliefs) != 1:\n",
        ),
    ),
    fault(
        KEEPS_OUT,
        "duties at odds permit",
        engine("judgement.py", "if self._at_odds:", "if False:"),
        naive("verdict.py", "refusing = _at_odds(carriers)", "pass"),
    ),
    fault(
        KEEPS_OUT,
        "`licet check` does not find them",
        engine(
            "cautions.py",
            "return clash((*one.duties, *other.duties)) and any(",
            "return not clash((*one.duties, *other.duties)) and any(",
        ),
    ),
    fault(
        BROKEN,
        "a new restriction is not adopted",
        engine("partial.py", "additions.append(self._record(written))", "self._record(written)"),
    ),
    fault(
        MISSPELT,
        "it is",
        engine("references.py", "if reference.named in self.unread:", "if False:"),
    ),
    fault(
        MISSPELT,
        "of a list it is",
        engine(
            "snapshot.py",
            "roll = unwritten(name) if found is None else call_roll(*found, window)",
            "if found is None:\n"
            '                    raise ConfigurationFault("unknown_list", name)\n'
            "                roll = call_roll(*found, window)",
        ),
    ),
    fault(
        BROKEN,
        "an amendment is not adopted",
        engine("partial.py", "additions += self._amendments(written)", "self._amendments(written)"),
    ),
    fault(
        BROKEN,
        "an authorisation is adopted",
        engine(
            "partial.py",
            "self._leave_unrecorded(written)\n            elif",
            "additions.append(self._record(written))\n            elif",
        ),
    ),
    fault(
        BROKEN,
        "a lift is adopted",
        engine(
            "partial.py",
            'self._leave("directive", written.id, number, "a lift")\n                continue',
            "pass",
        ),
        engine(
            "partial.py",
            'written, id=f"{PENDING}.{written.id}.{digest[:12]}", versions=(version,)',
            "written, versions=(version,)",
        ),
        engine(
            "partial.py",
            "return [one for one in additions if one.id not in there]",
            "self.before = msgspec.structs.replace(self.before, directives=tuple("
            "one for one in self.before.directives if one.id not in {a.id for a in additions}))\n"
            "        return additions",
        ),
    ),
    fault(
        BROKEN,
        "a changed list is adopted",
        engine(
            "partial.py",
            "            before,\n            lists=(*before.lists,",
            "            before,\n            lists=(*(one for one in before.lists if one.id "
            "not in "
            "{each.id for each in written.lists}), *written.lists,",
        ),
    ),
    fault(
        "`licet suspend` needs nothing but the running gateway",
        "it does not restrict",
        Edit(SUSPENSION, "kind=Kind.RESTRICTION,", "kind=Kind.OBLIGATION,"),
    ),
    fault(
        "`licet suspend` needs nothing but the running gateway",
        "it begins at the next midnight",
        Edit(SUSPENSION, "effective_from=now,", "effective_from=now.replace(hour=23),"),
    ),
    fault(
        "`licet suspend` needs nothing but the running gateway",
        "it does not know the catalogue",
        Edit(SUSPENSION, "asked = _known(asked, sources)", "asked = _known(asked, Sources())"),
    ),
    fault(
        LEFT,
        "it is not",
        engine(
            "partial.py", 'self.left.append(f"{where}version', 'list[str]().append(f"{where}version'
        ),
    ),
    fault(
        LEFT,
        "the command succeeds",
        Edit("src/licet/cli/running.py", "ctx.exit(1)", "ctx.exit(0)"),
    ),
    fault(
        SUSPENDED,
        "a start forgets it",
        Edit(
            "src/licet/gateway/register_history.py",
            "suspensions=recover(reading.suspended),",
            "suspensions=(),",
        ),
    ),
    fault(
        SUSPENDED,
        "the log forgets all but one",
        Edit(SUSPENSION, "return tuple(found.values())", "return tuple(found.values())[:1]"),
    ),
    fault(
        SUSPENDED,
        "it does not end",
        Edit(
            SUSPENSION,
            "effective_until=None if asked.lift else until,",
            "effective_until=None,",
        ),
    ),
    fault(
        SUSPENDED,
        "it cannot be lifted",
        Edit(SUSPENSION, "nothing=asked.lift,", "nothing=False,"),
    ),
    fault(
        STALE,
        "it serves",
        Edit(FRONT, "elif case.stale and workload.on_stale is OnStale.REFUSE:", "elif False:"),
    ),
    fault(
        STALE,
        "it refuses workloads that say otherwise too",
        Edit(FRONT, "elif case.stale and workload.on_stale is OnStale.REFUSE:", "elif case.stale:"),
    ),
    fault(
        STALE,
        "a lease never ends",
        Edit("src/licet/gateway/world.py", "return self.now() >= self.lease_until", "return False"),
    ),
    fault(
        "**Clocks** are believed only as far",
        "however far they have fallen behind",
        Edit(CLOCK, "return self.lag_us > self.error_max_us", "return False"),
    ),
    fault(
        "And a fault in evaluation refuses",
        "it permits",
        naive(
            "__init__.py",
            "except ConfigurationFault:\n        return Decision(verdict=Verdict.REFUSED",
            "except ConfigurationFault:\n        return Decision(verdict=Verdict.PERMITTED",
        ),
    ),
    fault(
        SPAN,
        "it is asked of `t` alone",
        engine(
            "snapshot.py",
            "window = Window(valid_at - error_us, valid_at + error_us, known_at)",
            "window = Window(valid_at, valid_at, known_at)",
        ),
        engine("holdings.py", "        if error_us:\n", "        if False:\n"),
        naive(
            "dates.py",
            "to_datetime(Instant(moment.valid_at - moment.error_us))",
            "to_datetime(moment.valid_at)",
        ),
        naive(
            "dates.py",
            "to_datetime(Instant(moment.valid_at + moment.error_us))",
            "to_datetime(moment.valid_at)",
        ),
    ),
    fault(
        SPAN,
        "not of its first part",
        engine(
            "snapshot.py",
            "window = Window(valid_at - error_us, valid_at + error_us, known_at)",
            "window = Window(valid_at, valid_at + error_us, known_at)",
        ),
        naive(
            "dates.py",
            "to_datetime(Instant(moment.valid_at - moment.error_us))",
            "to_datetime(moment.valid_at)",
        ),
    ),
    fault(
        SPAN,
        "not of its last part",
        engine(
            "snapshot.py",
            "window = Window(valid_at - error_us, valid_at + error_us, known_at)",
            "window = Window(valid_at - error_us, valid_at, known_at)",
        ),
        naive(
            "dates.py",
            "to_datetime(Instant(moment.valid_at + moment.error_us))",
            "to_datetime(moment.valid_at)",
        ),
    ),
    fault(
        ANYWHERE,
        "the version at its beginning alone",
        engine(
            "selection.py",
            "    return with_effect\n\n\ndef applicable",
            "    return with_effect[:1]\n\n\ndef applicable",
        ),
        naive(
            "verdict.py",
            "for version in selections(each.versions, self.window, self.known_at)\n            "
            "if version",
            "for version in selections(each.versions, self.window, self.known_at)[:1]\n         "
            "   if version",
        ),
    ),
    fault(
        ANYWHERE,
        "only throughout it",
        engine("selection.py", "if directive.kind is Kind.AUTHORISATION and len", "if len"),
        naive(
            "verdict.py",
            "            if version is not None and not version.nothing\n        ]",
            "            if version is not None and not version.nothing\n"
            "            and None not in selections(each.versions, self.window, "
            "self.known_at)\n        ]",
        ),
    ),
    fault(
        THROUGHOUT,
        "selected anywhere",
        engine(
            "selection.py",
            "if directive.kind is Kind.AUTHORISATION and len(with_effect) < len(found):",
            "if False:",
        ),
        naive(
            "verdict.py",
            "if met and enforced and len(versions) == len(selected):",
            "if met and enforced and versions:",
        ),
    ),
    fault(
        THROUGHOUT,
        "match in one of its versions",
        engine(
            "judgement.py",
            "        if fires is False:\n            return False\n",
            "        if fires is False and len(relief) == 1:\n            return False\n",
        ),
        engine(
            "completions.py",
            "if all(part.fires(truth) for part in parts):",
            "if any(part.fires(truth) for part in parts):",
        ),
        naive(
            "verdict.py",
            "                    if all(\n                        counts(rule)",
            "                    if any(\n                        counts(rule)",
        ),
        naive(
            "verdict.py",
            "if len(kept_rules) == len(rules) and relieves:",
            "if kept_rules and relieves:",
        ),
    ),
    fault(
        THROUGHOUT,
        "its conditions met at the beginning",
        engine("selection.py", "return reached > window.high", "return reached > window.low"),
        naive(
            "dates.py",
            "met_or_in_grace(at) for at in window.instants([*edges, *(edge + grace for edge in "
            "edges)])",
            "met_or_in_grace(at) for at in [window.first]",
        ),
    ),
    fault(
        THROUGHOUT,
        "attestations unexpired at the beginning",
        engine("holdings.py", "self.high >= attested.expires", "self.low >= attested.expires"),
        naive(
            "sight.py",
            "attested.expires <= self.window.last",
            "attested.expires <= self.window.first",
        ),
    ),
    fault(
        THROUGHOUT,
        "attestations young enough at the beginning",
        engine("holdings.py", "if self.high > stale:", "if self.low > stale:"),
        naive("sight.py", "return self.window.last - date", "return self.window.first - date"),
    ),
    fault(
        THROUGHOUT,
        "a list that gives two answers says yes",
        engine(
            "selection.py",
            "certain = members if certain is None else certain & members",
            "certain = members if certain is None else certain | members",
        ),
        naive(
            "sight.py",
            "return answers.pop() if len(answers) == 1 else None",
            "return True in answers or answers.pop()",
        ),
    ),
    fault(
        "A record that begins or ends within it",
        "it is there",
        engine("holdings.py", "        return True if whole else None", "        return True"),
        naive(
            "sight.py",
            "if any(self.window.straddles(edge) for row in dated for edge in (row.since, "
            "row.until)):",
            "if False:",
        ),
    ),
    fault(
        "A record that begins or ends within it",
        "it is not there",
        engine("holdings.py", "        return True if whole else None", "        return whole"),
        naive(
            "sight.py",
            "            return Seen()\n        if attribute ==",
            "            rows = tuple(r for r in dated if r.in_effect(self.window.first) "
            "and r.in_effect(self.window.last))\n        if attribute ==",
        ),
    ),
    fault(
        "Explanations use *e* = 0",
        "they use a second",
        engine("questions.py", "error_us: int = 0", "error_us: int = 1_000_000"),
    ),
    fault(
        BACKWARDS,
        "it follows the wall clock",
        Edit(CLOCK, "if wall > self._latest:", "if True:"),
    ),
    fault(
        BACKWARDS,
        "it is never uncertain",
        Edit(CLOCK, "return self.lag_us > self.error_max_us", "return False"),
    ),
    fault(
        BACKWARDS,
        "requests are served all the same",
        Edit(FRONT, "elif self.clock.uncertain:", "elif False:"),
    ),
)
