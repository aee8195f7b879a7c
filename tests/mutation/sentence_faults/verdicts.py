"""Section 4: the verdict."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import engine, fault, naive

COLLECTED = "The restrictions that match are collected"
RELIEVED = "Those are relieved that a matching authorisation names"
NOTHING_ELSE = "Nothing else yields to anything"
COMPLETION = "**Something unknown.** A completion gives"
IF_EVERY = "If every completion permits"
CLEARANCE = "**Clearance.** Where the organisation"

VERDICTS = (
    fault(
        COLLECTED,
        "only the first of them",
        engine(
            "judgement.py",
            "for rule in self._touched(may & view.restricting):",
            "for rule in self._touched(may & view.restricting)[:1]:",
        ),
        naive(
            "verdict.py",
            "for restriction in self.restrictions:",
            "for restriction in self.restrictions[:1]:",
        ),
    ),
    fault(
        COLLECTED,
        "those that do not match",
        engine("ruleset.py", "if not may & self._judge.concerned:", "if True:"),
        naive(
            "verdict.py",
            "if counts(restriction) and restriction.matches(truths):",
            "if counts(restriction) and not restriction.matches(truths):",
        ),
    ),
    fault(
        RELIEVED,
        "whatever was confirmed",
        engine("rules.py", "if all(confirmed(one, restriction) for one in relief):", "if True:"),
        naive(
            "verdict.py",
            "return restriction.id in version.relieves and confirmed and matches",
            "return restriction.id in version.relieves and matches",
        ),
    ),
    fault(
        RELIEVED,
        "not if recorded together with it",
        engine(
            "rules.py",
            "written is not None and written >= amended",
            "written is not None and written > amended",
        ),
        naive(
            "verdict.py",
            "recorded(version) >= recorded(restriction.version)",
            "recorded(version) > recorded(restriction.version)",
        ),
    ),
    fault(
        RELIEVED,
        "nothing can be confirmed",
        engine(
            "rules.py",
            'return f"{restriction.id}@{restriction.number}" in authorisation.version.confirms',
            "return False",
        ),
        naive(
            "verdict.py",
            'or f"{restriction.id}@{restriction.number}" in version.confirms',
            "or False",
        ),
    ),
    fault(
        RELIEVED,
        "versions are counted from nought",
        engine(
            "rules.py",
            '{restriction.id}@{restriction.number}" in',
            '{restriction.id}@{restriction.number - 1}" in',
        ),
        naive(
            "verdict.py",
            '{restriction.id}@{restriction.number}" in',
            '{restriction.id}@{restriction.number - 1}" in',
        ),
    ),
    fault(
        RELIEVED,
        "whether it matches or not",
        engine(
            "judgement.py",
            "if fires is False:\n            return False\n        if fires is None:",
            "if fires is None:",
        ),
        engine("completions.py", "if all(part.fires(truth) for part in parts):", "if True:"),
        naive("verdict.py", "confirmed and matches", "confirmed"),
        naive("verdict.py", "if len(kept_rules) == len(rules) and relieves:", "if relieves:"),
        naive(
            "verdict.py",
            "kept_authorisations.append(kept_rules)",
            "kept_authorisations.append(rules)",
        ),
    ),
    fault(
        RELIEVED,
        "whatever its conditions",
        engine("rules.py", 'bars = [f"its condition', 'bars = [] and [f"its condition'),
        naive("verdict.py", "if met and enforced and len", "if enforced and len"),
    ),
    fault(
        "What remains refuses",
        "not if something else was relieved",
        engine(
            "judgement.py",
            "elif unsettled and all(one.settled for one in unsettled):",
            "elif relieving:\n            finding = Finding(Verdict.PERMITTED)\n"
            "        elif unsettled and all(one.settled for one in unsettled):",
        ),
        naive(
            "verdict.py",
            "                if not reliefs:\n                    refusing.append(restriction)",
            "                if not reliefs and not needed:\n                    "
            "refusing.append(restriction)",
        ),
    ),
    fault(
        "What remains refuses",
        "not what is lifted by more than it names",
        engine("rules.py", "for name in sorted(common):", "for name in sorted(named):"),
        naive("verdict.py", "return restriction.id in version.relieves and", "return"),
    ),
    fault(
        NOTHING_ELSE,
        "an obligation is relieved too",
        engine(
            "rules.py",
            "if rule.directive.kind is Kind.RESTRICTION:\n            named",
            "if rule.restricts:\n            named",
        ),
        naive(
            "verdict.py",
            "if not (self._is_enforced(each.version) and each.is_resident(truths))",
            "if not (self._is_enforced(each.version) and each.is_resident(truths))\n"
            "            and not any(each.id in r.version.relieves for rules in "
            "self.authorisations for r in rules)",
        ),
        naive(
            "verdict.py",
            "names = {each.id for each in self.restrictions}",
            "names = {each.id for each in (*self.restrictions, *self.obligations)}",
        ),
    ),
    fault(
        NOTHING_ELSE,
        "two authorisations of one restriction do not relieve it",
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
        COMPLETION,
        "two tests on one attribute are answered apart",
        engine(
            "completions.py",
            "known = person if attribute.name in _PERSON else holding",
            "known = person if attribute.name in _PERSON else (holding, atom)",
        ),
        engine(
            "completions.py",
            "self._plain.setdefault((attribute.held, holding), []).append(entry)",
            "self._plain.setdefault((attribute.held + ' ' * len(self._bits), holding), "
            "[]).append(entry)",
        ),
        engine(
            "completions.py",
            "self._attributes[attribute.held] = attribute",
            "self._attributes[attribute.held + ' ' * len(self._bits)] = attribute",
        ),
    ),
    fault(
        COMPLETION,
        "what the axioms forbid is among them",
        engine(
            "choices.py",
            "if person.us_person is not None:\n        states",
            "if False:\n        states",
        ),
        naive("completions.py", "if cell.us_person is not None:\n", "if False:\n"),
    ),
    fault(
        COMPLETION,
        "whoever is not answered by a list is none of its members",
        engine(
            "rolls.py",
            "for answers in product((False, True), repeat=len(self._order))",
            "for answers in product((False,), repeat=len(self._order))",
        ),
        naive(
            "completions.py",
            "for answers in product((False, True), repeat=len(self.pairs))",
            "for answers in product((False,), repeat=len(self.pairs))",
        ),
    ),
    fault(
        COMPLETION,
        "two tests on owners are answered apart",
        engine("ownership.py", "    if states is None:\n", "    if True:\n"),
    ),
    fault(
        COMPLETION,
        "what nothing names is no value",
        engine(
            "choices.py",
            "return [*sorted(mentioned, key=str), OTHER]",
            "return sorted(mentioned, key=str)",
        ),
        naive(
            "completions.py",
            "return [*sorted(self._constants(conditions), key=repr), *self._others(conditions)]",
            "return sorted(self._constants(conditions), key=repr)",
        ),
    ),
    fault(
        IF_EVERY,
        "if one permits",
        engine("completions.py", "    if not anywhere:\n", "    if not all(refusals.values()):\n"),
        naive(
            "verdict.py",
            "        if not refusals:\n",
            "        if len(refusals) < len(outcomes):\n",
        ),
    ),
    fault(
        IF_EVERY,
        "refused if one refuses",
        engine("completions.py", "    if all(refusals.values()):\n", "    if anywhere:\n"),
        naive("verdict.py", "if len(refusals) < len(outcomes):", "if False:"),
    ),
    fault(
        IF_EVERY,
        "undetermined is served",
        engine(
            "questions.py",
            "return self.verdict is Verdict.PERMITTED",
            "return self.verdict is not Verdict.REFUSED",
        ),
    ),
    fault(
        "Beyond a bound on the number of completions",
        "it is refused",
        engine(
            "completions.py",
            "Verdict.UNDETERMINED, tuple(one.rule for one in restrictions), (), (unknowns.names,)",
            "Verdict.REFUSED, tuple(one.rule for one in restrictions)",
        ),
        naive(
            "verdict.py",
            "return _decided(Verdict.UNDETERMINED, _refusals(may))",
            "return _decided(Verdict.REFUSED, _refusals(may))",
        ),
    ),
    fault(
        CLEARANCE,
        "it is not demanded",
        engine("rules.py", "if not rules.refuse_uncleared:", "if True:"),
        naive("verdict.py", "if not demanded or self.parties.model.cleared:", "if True:"),
    ),
    fault(
        CLEARANCE,
        "of cleared models too",
        engine("rules.py", "unless=(Alternative(conditions=(cleared,)),),", ""),
        naive("verdict.py", "if not demanded or self.parties.model.cleared:", "if not demanded:"),
    ),
    fault(
        CLEARANCE,
        "of models without that capability too",
        engine("rules.py", "applies=(Alternative(conditions=(capability,)),),", ""),
        naive("verdict.py", "applies=(Alternative(conditions=(capable,)),),", ""),
    ),
    fault(
        CLEARANCE,
        "of which nothing is said counts as cleared",
        engine(
            "rules.py",
            'presume=(Presumption(attribute="model.cleared", value=False),),',
            'presume=(Presumption(attribute="model.cleared", value=True),),',
        ),
        naive(
            "verdict.py",
            "if not demanded or self.parties.model.cleared:",
            "if not demanded or self.parties.model.cleared is not False:",
        ),
    ),
    fault(
        CLEARANCE,
        "under another name",
        engine("rules.py", 'UNCLEARED = "licet.clearance"', 'UNCLEARED = "clearance"'),
        naive("verdict.py", 'CLEARANCE = "licet.clearance"', 'CLEARANCE = "clearance"'),
    ),
    fault(
        CLEARANCE,
        "an authorisation of everything relieves it",
        engine(
            "rules.py",
            "common = set.intersection(*(set(one.version.relieves) for one in relief))",
            "common = {*set.intersection(*(set(one.version.relieves) for one in relief)), "
            "UNCLEARED}",
        ),
        naive(
            "verdict.py",
            "return restriction.id in version.relieves and",
            "return restriction.id in (*version.relieves, CLEARANCE) and",
        ),
        naive(
            "verdict.py",
            "relieves = all(names.intersection(each.version.relieves) for each in rules)",
            "relieves = True",
        ),
    ),
)
