"""Section 4: what is said of a verdict, and what is missing."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import engine, fault, naive

DECIDING = "**Explanation.** `deciding`"
RELIEVING = "`relieving`, when permitted"
MINIMAL = "**Missing sets.** All inclusion-minimal sets"
NAMES = "Attributes of the subject go by their bare names"

EXPLANATIONS = (
    fault(
        DECIDING,
        "of a refusal, those that refuse in some completion",
        engine(
            "completions.py",
            "return Finding(Verdict.REFUSED, everywhere or deciding, at_odds=at_odds)",
            "return Finding(Verdict.REFUSED, deciding, at_odds=at_odds)",
        ),
        naive(
            "verdict.py",
            "return _decided(Verdict.REFUSED, everywhere or anywhere)",
            "return _decided(Verdict.REFUSED, anywhere)",
        ),
    ),
    fault(
        DECIDING,
        "if none refuses in every one, none",
        engine(
            "completions.py",
            "return Finding(Verdict.REFUSED, everywhere or deciding, at_odds=at_odds)",
            "return Finding(Verdict.REFUSED, everywhere, at_odds=at_odds)",
        ),
        naive(
            "verdict.py",
            "return _decided(Verdict.REFUSED, everywhere or anywhere)",
            "return _decided(Verdict.REFUSED, everywhere)",
        ),
    ),
    fault(
        DECIDING,
        "of an undetermined verdict, those that refuse in all",
        engine(
            "completions.py",
            "return Finding(Verdict.UNDETERMINED, deciding,",
            "return Finding(Verdict.UNDETERMINED, (),",
        ),
        naive(
            "verdict.py",
            "return _decided(Verdict.UNDETERMINED, anywhere, missing)",
            "return _decided(Verdict.UNDETERMINED, frozenset(), missing)",
        ),
    ),
    fault(
        RELIEVING,
        "those that match in every completion",
        engine(
            "completions.py",
            "return Finding(Verdict.PERMITTED, (), tuple(used))",
            "return Finding(Verdict.PERMITTED)",
        ),
        naive(
            "verdict.py",
            "tuple(sorted(frozenset().union(*(each.relieving for each in outcomes))))",
            "tuple(sorted(frozenset.intersection(*(each.relieving for each in outcomes))))",
        ),
    ),
    fault(
        RELIEVING,
        "those that are not needed as well",
        engine(
            "judgement.py",
            "            if not sure:\n                unsettled",
            "            relieving.update(part for r in self._owners for some in r.reliefs\n"
            "                             for part in some)\n"
            "            if not sure:\n                unsettled",
        ),
        naive(
            "verdict.py",
            "            frozenset(needed),\n",
            "            frozenset(r.id for rules in self.authorisations for r in rules),\n",
        ),
        naive("verdict.py", "if len(kept_rules) == len(rules) and relieves:", "if True:"),
    ),
    fault(
        MINIMAL,
        "all lists that leave something open are asked for",
        engine("sightings.py", "if len(self.lists) <= LISTS_MAX else (0,)", "if False else (0,)"),
    ),
    fault(
        MINIMAL,
        "papers tell nothing of a country while a list is open",
        engine(
            "choices.py",
            'labels = opened.labels("nationality", seen, state.us_person)',
            'labels = opened.labels("nationality", seen, state.us_person)[-1:]',
        ),
    ),
    fault(
        MINIMAL,
        "attesting an attribute tells what a list leaves open of it",
        engine(
            "completions.py",
            "                [(answers.within(one.bits, way), one.labels) for one in each]\n",
            "                [\n"
            "                    (bits, tuple((who, (told, bits)) for who, told in one.labels))\n"
            "                    for one in each\n"
            "                    for bits in (answers.within(one.bits, way),)\n"
            "                ]\n",
        ),
    ),
    fault(
        MINIMAL,
        "larger sets are named too",
        engine(
            "completions.py",
            "if not any(one <= candidate for one in minimal) and _settles",
            "if _settles",
        ),
        naive(
            "missing.py",
            "if any(set(smaller) <= set(candidate) for smaller in found):",
            "if False:",
        ),
    ),
    fault(
        MINIMAL,
        "the first of them alone",
        engine(
            "completions.py",
            "return tuple(sorted(ordered, key=lambda one: [intrusion(name) for name in "
            "reversed(one)]))",
            "return tuple(sorted(ordered, key=lambda one: [intrusion(name) for name in "
            "reversed(one)]))[:1]",
        ),
        naive(
            "missing.py",
            "return tuple(sorted(ordered, key=_burden))",
            "return tuple(sorted(ordered, key=_burden))[:1]",
        ),
    ),
    fault(
        MINIMAL,
        "those that settle it for some values",
        engine(
            "completions.py",
            "if verdicts.setdefault(revealed, spared) is not spared:\n            return False",
            "if verdicts.setdefault(revealed, spared) is spared:\n            return True",
        ),
        naive("missing.py", "            if all(\n", "            if any(\n"),
    ),
    fault(
        MINIMAL,
        "nationality comes first",
        engine("vocabulary.py", "return len(_INTRUSION) + 1, name", "return -1, name"),
        naive(
            "missing.py",
            '    "us_person", "engagement", "place"',
            '    "nationality", "us_person", "engagement", "place"',
        ),
    ),
    fault(
        NAMES,
        "with their party",
        engine("vocabulary.py", 'return attribute.removeprefix("subject.")', "return attribute"),
        naive(
            "completions.py",
            'name = cell.attribute.removeprefix("subject.")',
            "name = cell.attribute",
        ),
    ),
    fault(
        NAMES,
        "lists by their ids",
        engine(
            "completions.py",
            '(frozenset({f"list.{one}"}), ((one, member), there))',
            "(frozenset({one}), ((one, member), there))",
        ),
        naive("completions.py", 'name = f"list.{list_id}"', "name = list_id"),
    ),
    fault(
        "A complete nationality settles `us_person`",
        "it does not",
        engine(
            "choices.py",
            'labels = opened.labels("nationality", seen, state.us_person)',
            "labels = tuple(\n"
            '            (who | {"us_person"}, told)\n'
            '            for who, told in opened.labels("nationality", seen)\n'
            "        )",
        ),
        naive(
            "completions.py",
            "labels[name] = (*labels.get(name, ()), index)",
            "labels[name] = (*labels.get(name, ()), 0 if cell.attribute == PERSON else index)",
        ),
    ),
    fault(
        "Where a presumption holds, attesting its attribute ends it",
        "the sets look that far",
        engine(
            "columns.py",
            "return Holding((self.key.presumed,), True, False)",
            "return Holding((), False, False)",
        ),
        naive(
            "sight.py",
            "return Cell(attribute, Seen((value,), complete=True))",
            "return Cell(attribute, Seen())",
        ),
    ),
)
