"""Section 2: kinds of directives, how they match, when, and whether they are observed."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import Edit, engine, fault, naive

KINDS = "An **authorisation** relieves the restrictions"
MATCHES = "A version **matches** if"
DATE_ALONE = "A date alone is read in `zone`"
DISCLOSED = "`disclosure` is what a refused caller is told"
OBSERVE = '`mode = "observe"`: decided and recorded'
WOULD = "If enforcing everything that is observed"

DIRECTIVES = (
    fault(
        "A **restriction** refuses where it matches",
        "it does not",
        engine(
            "duties.py",
            "case Kind.RESTRICTION:\n            return version",
            "case Kind.RESTRICTION:\n            return None",
        ),
        naive(
            "verdict.py",
            "self.restrictions = [*self._anywhere(Kind.RESTRICTION), ",
            "self.restrictions = [",
        ),
    ),
    fault(
        KINDS,
        "it relieves nothing",
        engine("rules.py", "restriction.reliefs.append(relief)", "pass"),
        naive("verdict.py", "return restriction.id in version.relieves and", "return False and"),
    ),
    fault(
        KINDS,
        "it relieves others too",
        engine("rules.py", "for name in sorted(common):", "for name in sorted(named):"),
        naive("verdict.py", "return restriction.id in version.relieves and", "return"),
        naive(
            "verdict.py",
            "relieves = all(names.intersection(each.version.relieves) for each in rules)",
            "relieves = True",
        ),
    ),
    fault(
        "An **obligation** brings duties",
        "it does not",
        engine(
            "judgement.py",
            "if rule.restricts or rule.directive.kind is Kind.OBLIGATION:",
            "if rule.restricts:",
        ),
        naive("verdict.py", "carriers = [*due, *(", "carriers = [*("),
    ),
    fault(
        MATCHES,
        "all of its tables must hold",
        engine(
            "completions.py",
            "return any(not row & ~truth for row in self.rows)",
            "return all(not row & ~truth for row in self.rows)",
        ),
        engine(
            "rules.py",
            "return True if must & self.applies and not may & self.exceptions else None",
            "return True if must & self.applies == self.applies and not may & self.exceptions "
            "else None",
        ),
        engine(
            "rules.py",
            "if not may & self.applies or must & self.exceptions:",
            "if may & self.applies != self.applies or must & self.exceptions:",
        ),
        naive(
            "verdict.py",
            "_any_holds(self.applies, truths)",
            "all(all(truths[use] for use in table) for table in self.applies)",
        ),
        naive(
            "verdict.py",
            "applies = tuple(table for table in rule.applies if may_hold(table))",
            "applies = rule.applies",
        ),
    ),
    fault(
        MATCHES,
        "without a table it does not",
        engine(
            "rules.py",
            "for alternative in version.applies or (Alternative(conditions=()),):",
            "for alternative in version.applies:",
        ),
        naive("verdict.py", "applies = not self.version.applies or _any", "applies = _any"),
    ),
    fault(
        MATCHES,
        "whatever its exceptions",
        engine("rules.py", "for alternative in version.unless:", "for alternative in ():"),
        naive(
            "verdict.py", "return applies and not _any_holds(self.unless, truths)", "return applies"
        ),
        naive(
            "verdict.py",
            "if any(all(settled[use] for use in table) for table in unless):",
            "if False:",
        ),
    ),
    fault(
        "A table holds if all of its tests hold",
        "if one of them holds",
        engine(
            "rules.py",
            "for condition in alternative.conditions:",
            "for condition in alternative.conditions[:1]:",
        ),
        naive("verdict.py", "for test in each.conditions)", "for test in each.conditions[:1])"),
    ),
    fault(
        "A time without an offset is an error",
        "it is in UTC",
        Edit(
            "src/licet/terms/literals.py",
            'raise ValueError("a time needs an offset, such as `17:21:00-04:00` or `17:21:00Z`")',
            "value = value.replace(tzinfo=UTC)",
        ),
    ),
    fault(
        DATE_ALONE,
        "in UTC",
        engine(
            "parse.py",
            "zone = self._zone(key) if when.is_date else UTC\n        return when.first",
            "zone = UTC\n        return when.first",
        ),
    ),
    fault(
        DATE_ALONE,
        "all at the first instant",
        engine(
            "parse.py",
            "return when.first(zone) if restricts else when.last(zone)",
            "return when.first(zone)",
        ),
    ),
    fault(
        DATE_ALONE,
        "a lift at the first instant",
        engine(
            "parse.py",
            "(self._kind is not Kind.AUTHORISATION) is not self._written.nothing",
            "self._kind is not Kind.AUTHORISATION",
        ),
    ),
    fault(
        OBSERVE,
        "restrictions are enforced",
        engine(
            "judgement.py",
            "enforced, obliging = masks[True, False], masks[False, False]",
            "enforced, obliging = masks[True, False] | masks[True, True], masks[False, False]",
        ),
        naive(
            "verdict.py",
            "return observing or rule.version.mode is Mode.ENFORCE",
            "return observing or rule.version.mode is Mode.ENFORCE or not rule.version.relieves",
        ),
    ),
    fault(
        OBSERVE,
        "authorisations are enforced",
        engine("judgement.py", "if observing or not part.observed else False", ""),
        naive(
            "verdict.py",
            "return observing or rule.version.mode is Mode.ENFORCE",
            "return observing or rule.version.mode is Mode.ENFORCE or bool(rule.version.relieves)",
        ),
    ),
    fault(
        OBSERVE,
        "they are not decided",
        engine("judgement.py", "if not may & self._observing:", "if True:"),
        naive(
            "verdict.py",
            "if not observed:\n            return decision",
            "if True:\n            return decision",
        ),
    ),
    fault(
        WOULD,
        "the verdict is not said",
        engine(
            "judgement.py", "observed_verdict=would.verdict,", "observed_verdict=finding.verdict,"
        ),
        naive(
            "verdict.py", "observed_verdict=other.verdict,", "observed_verdict=decision.verdict,"
        ),
    ),
    fault(
        WOULD,
        "what is enforced is named as well",
        engine(
            "judgement.py",
            "for rule in would.deciding if rule.observed)",
            "for rule in would.deciding)",
        ),
        naive(
            "verdict.py",
            "observed=tuple(sorted(observed.intersection(other.deciding))),",
            "observed=other.deciding,",
        ),
    ),
    fault(
        DISCLOSED,
        "of `none` its authority",
        engine(
            "refusal.py",
            'case Disclosure.NONE:\n            return ""',
            'case Disclosure.NONE:\n            return f"by a directive of {authority}"',
        ),
    ),
    fault(
        DISCLOSED,
        "of `authority` all of it",
        engine(
            "refusal.py", 'return f"by a directive of {authority}" if authority else ""', "pass"
        ),
    ),
    fault(
        DISCLOSED,
        "of `full` its authority",
        engine(
            "refusal.py",
            "case Disclosure.FULL:\n            pass",
            'case Disclosure.FULL:\n            return f"by a directive of {authority}"',
        ),
    ),
    fault(
        DISCLOSED,
        "its id in any case",
        engine("refusal.py", "            if rule.version.disclosure is Disclosure.FULL\n", ""),
    ),
    fault(
        "What is missing is told only where",
        "it is always told",
        engine("refusal.py", "return decision.missing if open_ else ()", "return decision.missing"),
    ),
)
