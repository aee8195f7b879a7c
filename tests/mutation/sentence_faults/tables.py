"""Section 2: the tests that stand in the tables of a version."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import engine, fault, naive

VALUES = "`attribute = value`, `attribute = [values]`"
OUTSIDE = "`outside = [places and lists]`"
BOUNDS = "`at_least`, `at_most`: the number is"
RECORDS = "a table on a set of records: **one** record"
SUM = "`percent_sum` in a table on owners"
VIEW = "`view` on nationality"
FALLS_SHORT = "`assurance = { at_least = ... }`, `max_age`"
NOBODY_HAS = "A test on an attribute that nobody has"

TABLES = (
    fault(
        VALUES,
        "only the first of the values counts",
        engine(
            "conditions.py",
            "for value in values:\n        is_list",
            "for value in values[:1]:\n        is_list",
        ),
        naive(
            "values.py",
            "return any(covers(constant) for constant in test.any_of)",
            "return any(covers(constant) for constant in test.any_of[:1])",
        ),
    ),
    fault(
        VALUES,
        "only the first value of the set counts",
        engine(
            "columns.py",
            "for element in holding.elements:\n            found",
            "for element in holding.elements[:1]:\n            found",
        ),
        naive(
            "values.py",
            "for each in value if not isinstance(each, Row)",
            "for each in value[:1] if not isinstance(each, Row)",
        ),
    ),
    fault(
        VALUES,
        "lists of places are not looked at",
        engine(
            "conditions.py",
            "attribute.listed is ListKind.PLACES and not _PLACE.fullmatch(value)",
            "False",
        ),
        naive(
            "values.py",
            "return attribute in self.places and isinstance(constant, str)",
            "return False",
        ),
    ),
    fault(
        "`X.list = [lists]`",
        "of all of these lists",
        engine(
            "matching.py",
            "if member:\n                    found = True\n                    break",
            "if not member:\n                    return member\n                found = True",
        ),
        naive(
            "values.py",
            "return any(covers(constant) for constant in test.any_of)",
            "return (all if test.attribute.endswith('list') else any)"
            "(covers(constant) for constant in test.any_of)",
        ),
    ),
    fault(
        "`X.list = [lists]`",
        "the id of the list is compared",
        engine("conditions.py", "if not is_list:", "if not is_list or attribute.only_lists:"),
        naive(
            "values.py",
            'if attribute == "list" or attribute.endswith(".list"):\n            return True',
            'if attribute == "list" or attribute.endswith(".list"):\n            return False',
        ),
    ),
    fault(
        OUTSIDE,
        "it is inside",
        engine(
            "matching.py",
            "return found if not self.outside or found is None else not found",
            "return found",
        ),
        naive(
            "values.py",
            "return not any(covers(constant) for constant in test.outside)",
            "return any(covers(constant) for constant in test.outside)",
        ),
    ),
    fault(
        OUTSIDE,
        "all places of a set must be outside",
        engine(
            "columns.py",
            "        return certain, possible if holding.complete else all_rows",
            "        for test, rows in self._tests:\n"
            "            places = holding.elements\n"
            '            if getattr(test, "outside", False) and not all(map(test.holds, places)):\n'
            "                certain, possible = certain & ~rows, possible & ~rows\n"
            "        return certain, possible if holding.complete else all_rows",
        ),
        naive(
            "values.py",
            "return any(\n            self.passes(condition, each, member) for each in value",
            "return (all if condition.outside else any)(\n"
            "            self.passes(condition, each, member) for each in value",
        ),
    ),
    fault(
        BOUNDS,
        "more than the least",
        engine("matching.py", "element >= self.at_least\n", "element > self.at_least\n"),
        naive("values.py", "element >= test.at_least)", "element > test.at_least)"),
    ),
    fault(
        BOUNDS,
        "less than the most",
        engine("matching.py", "element <= self.at_most)", "element < self.at_most)"),
        naive("values.py", "element <= test.at_most\n", "element < test.at_most\n"),
    ),
    fault(
        BOUNDS,
        "of both only the first counts",
        engine(
            "matching.py",
            "return above and (self.at_most is None or",
            "return above and (self.at_most is None or self.at_least is not None or",
        ),
        naive(
            "values.py",
            "test.at_most is None or element",
            "test.at_most is None or test.at_least is not None or element",
        ),
    ),
    fault(
        RECORDS,
        "several may meet it together",
        engine(
            "matching.py",
            "return every(test.holds(organisation, assumed) for test in self.organisation)",
            "return True",
        ),
        naive(
            "values.py",
            "if all(self.passes(test, row.field(test.attribute), member) for test in others)",
            "if any(self.passes(test, row.field(test.attribute), member) for test in others)",
        ),
    ),
    fault(
        RECORDS,
        "the relation is not looked at",
        engine(
            "conditions.py",
            "return OneEngagement(relations, tuple(organisation))",
            "return OneEngagement(None, tuple(organisation))",
        ),
        naive(
            "values.py",
            'others = [test for test in tests if test.attribute != "percent_sum"]',
            "others = [test for test in tests if test.attribute not in "
            '("percent_sum", "relation")]',
        ),
    ),
    fault(
        RECORDS,
        "the standing is not looked at",
        engine(
            "conditions.py",
            "return OneStatus(tuple(countries), standings, condition.view)",
            "return OneStatus(tuple(countries), None, condition.view)",
        ),
        naive(
            "values.py",
            'others = [test for test in tests if test.attribute != "percent_sum"]',
            "others = [test for test in tests if test.attribute not in "
            '("percent_sum", "standing")]',
        ),
    ),
    fault(
        RECORDS,
        "the share is not looked at",
        engine("matching.py", "every((answer, self.percent.holds(share)))", "answer"),
        naive(
            "values.py",
            'others = [test for test in tests if test.attribute != "percent_sum"]',
            'others = [test for test in tests if test.attribute not in ("percent_sum", "percent")]',
        ),
    ),
    fault(
        SUM,
        "each must reach it",
        engine("conditions.py", 'summed = part.attribute == "percent_sum"', "summed = False"),
        naive(
            "values.py",
            "total = sum(row.percent or 0 for row in meeting)",
            "total = max((row.percent or 0 for row in meeting), default=0)",
        ),
    ),
    fault(
        SUM,
        "whatever else the table says of the owners",
        engine(
            "matching.py",
            "(every(test.holds(owner, assumed) for test in self.organisation), percent)",
            "(True if self.summed else every(test.holds(owner, assumed) "
            "for test in self.organisation), percent)",
        ),
        naive(
            "values.py",
            "total = sum(row.percent or 0 for row in meeting)",
            "total = sum(row.percent or 0 for row in rows)",
        ),
    ),
    fault(
        VIEW,
        "`all_ever` is `current`",
        engine(
            "matching.py",
            "case View.ALL_EVER:\n                return self.standings is None",
            "case View.ALL_EVER:\n                return stand.current and self.standings is None",
        ),
        naive(
            "values.py",
            "return [row for row in rows if row.since is None or row.since <= self.at]",
            "return [row for row in rows if row.in_effect(self.at)]",
        ),
    ),
    fault(
        VIEW,
        "`most_recent` is `all_ever`",
        engine("matching.py", "return seen and stand.latest", "return seen"),
        naive("values.py", "return most_recent(tuple(rows), self.at)", "return rows"),
    ),
    fault(
        VIEW,
        "of one date the last named",
        engine(
            "holdings.py",
            "status.since in (None, last) else False\n        for status in current\n    ]",
            "status.since in (None, last) and status is [one for one in counted if one.since == "
            "last]"
            "[-1] else False\n        for status in current\n    ]",
        ),
        naive(
            "values.py",
            "return [row for row in rows if beginning(row) == latest]",
            "return [row for row in rows if beginning(row) == latest][-1:]",
        ),
    ),
    fault(
        VIEW,
        "one without a date has begun with the last",
        engine("holdings.py", "        certain = None\n", "        pass\n"),
        naive("values.py", "return len(rows) < 2 or all(row.since for row in rows)", "return True"),
    ),
    fault(
        VIEW,
        "`current` counts residencies",
        engine(
            "matching.py",
            "_CURRENT = frozenset({Standing.CITIZEN.value})",
            "_CURRENT = frozenset({Standing.CITIZEN.value, Standing.PERMANENT_RESIDENT.value})",
        ),
        naive(
            "values.py", "row.standing is Standing.CITIZEN)", "row.standing in RESIDENT_STANDINGS)"
        ),
    ),
    fault(
        VIEW,
        "`current` counts citizenships alone, whatever the table tests",
        engine("matching.py", "allowed = self.standings or _CURRENT", "allowed = _CURRENT"),
        naive(
            "values.py",
            'chooses = any(test.attribute == "standing" for test in condition.record)',
            "chooses = False",
        ),
    ),
    fault(
        VIEW,
        "`all_ever` counts statuses that have not begun",
        engine("holdings.py", "elif status.since is None or status.since <= span.low:", "else:"),
        naive(
            "values.py",
            "return [row for row in rows if row.since is None or row.since <= self.at]",
            "return rows",
        ),
    ),
    fault(
        VIEW,
        "a residency is never the most recent",
        engine(
            "axioms.py",
            "GIVES_NATIONALITY = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT})",
            "GIVES_NATIONALITY = frozenset({Standing.CITIZEN})",
        ),
        naive(
            "values.py",
            "RESIDENT_STANDINGS = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT})",
            "RESIDENT_STANDINGS = frozenset({Standing.CITIZEN})",
        ),
    ),
    fault(
        FALLS_SHORT,
        "assurance is not looked at",
        engine("holdings.py", "if wanted is not None and", "if False and wanted is not None and"),
        naive("sight.py", "if condition.assurance and", "if False and condition.assurance and"),
    ),
    fault(
        FALLS_SHORT,
        "what is configured meets the least demand",
        engine("conditions.py", "        if not attribute.attested:\n", "        if False:\n"),
        naive("sight.py", "if attested.issuer == _CONFIGURED and", "if False and"),
    ),
    fault(
        FALLS_SHORT,
        "more than the assurance is wanted",
        engine(
            "holdings.py",
            "attested.assurance.rank < wanted.rank",
            "attested.assurance.rank <= wanted.rank",
        ),
        naive(
            "sight.py",
            "attested.assurance.rank < condition",
            "attested.assurance.rank <= condition",
        ),
    ),
    fault(
        FALLS_SHORT,
        "age is not looked at",
        engine("holdings.py", "if self.high > stale:", "if False:"),
        naive(
            "sight.py",
            "return self.window.last - date <= timedelta(seconds=max_age_s)",
            "return True",
        ),
    ),
    fault(
        FALLS_SHORT,
        "at the very age it is too old",
        engine("holdings.py", "if self.high > stale:", "if self.high >= stale:"),
        naive(
            "sight.py",
            "self.window.last - date <= timedelta",
            "self.window.last - date < timedelta",
        ),
    ),
    fault(
        FALLS_SHORT,
        "without a date it is young",
        engine(
            "holdings.py",
            "if attested.evidence_date is None:\n                    return None",
            "if attested.evidence_date is None:\n                    return attested",
        ),
        naive(
            "sight.py",
            "attested.evidence_date is None\n            or not",
            "attested.evidence_date is not None\n            and not",
        ),
    ),
    fault(
        "Engagements count while they are in effect",
        "always",
        engine("holdings.py", "lies = span.lies_in(record.since, record.until)", "lies = True"),
        naive(
            "sight.py",
            "rows = tuple(row for row in dated if row.in_effect(self.window.first))",
            "rows = tuple(dated)",
        ),
    ),
    fault(
        NOBODY_HAS,
        "it holds of nobody",
        engine(
            "vocabulary.py",
            "if declaration is None or declaration.party != party:",
            "if declaration is None:\n        return Attribute(name, Element.NUMBER, True, True)\n"
            "    if declaration.party != party:",
        ),
        naive(
            "sight.py",
            'raise ConfigurationFault("unknown_attribute", f"nobody has an attribute '
            '`{attribute}`")',
            "return _configured(())",
        ),
    ),
)
