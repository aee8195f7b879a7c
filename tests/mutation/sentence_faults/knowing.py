"""Section 1: lists, axioms and presumptions."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import engine, fault, naive

SAYS_NO = "It says no only if it is `complete`"
NO_VERSION = "A list that does not exist"
VERSIONED = "Lists are versioned and selected"
US_PERSON = "**Axioms.** A US citizen"
BOTH_UNKNOWN = "`us_person` attested against"
MAY_PRESUME = "**Presumption.** A restriction with"
HOLDS_WHERE = "It holds, for tests of that version"

KNOWING = (
    fault(
        "A **list** says yes of its members",
        "it does not",
        engine(
            "rolls.py",
            "if name in self.certain:\n            return True",
            "if name in self.certain:\n            return None",
        ),
        naive(
            "sight.py",
            "if element in version.members:\n            return True",
            "if element in version.members:\n            return None",
        ),
    ),
    fault(
        SAYS_NO,
        "it says no though it is not complete",
        engine("selection.py", "closed = closed and version.complete and fresh", "closed &= fresh"),
        naive(
            "sight.py",
            "if not version.complete or version.max_age_s is None:\n"
            "            return version.complete",
            "if version.max_age_s is None:\n            return True",
        ),
    ),
    fault(
        SAYS_NO,
        "it says no though it is stale",
        engine("selection.py", "version.complete and fresh", "version.complete"),
        naive(
            "sight.py",
            "if not version.complete or version.max_age_s is None:",
            "if not version.complete or True:",
        ),
    ),
    fault(
        SAYS_NO,
        "it says no at its very age",
        engine(
            "selection.py",
            "window.high < to_instant(version.as_of)",
            "window.high <= to_instant(version.as_of)",
        ),
        naive("sight.py", "version.as_of < timedelta", "version.as_of <= timedelta"),
    ),
    fault(
        SAYS_NO,
        "it says no without a date",
        engine(
            "selection.py",
            "version.as_of is not None\n                and window",
            "version.as_of is None\n                or window",
        ),
        naive(
            "sight.py",
            "if version.as_of is None:\n            return False",
            "if version.as_of is None:\n            return True",
        ),
    ),
    fault(
        NO_VERSION,
        "without a version in effect it says no",
        engine(
            "selection.py",
            "members: frozenset[str] = frozenset()\n            closed = False",
            "members: frozenset[str] = frozenset()",
        ),
        naive(
            "sight.py",
            "if version is None:\n            return None\n        if element",
            "if version is None:\n            return False\n        if element",
        ),
    ),
    fault(
        NO_VERSION,
        "one that does not exist says no",
        engine(
            "rolls.py", "frozenset(), frozenset(), closed=False)", "frozenset(), frozenset(), True)"
        ),
        naive(
            "sight.py",
            "self._answer(version, element) for version in",
            "self._answer(version, element) if list_id in self._versions else False for version in",
        ),
    ),
    fault(
        VERSIONED,
        "the last version in the file applies",
        engine(
            "selection.py",
            "for index in selected(versions, window):",
            "for index in (len(named.versions) - 1,):",
        ),
        naive(
            "sight.py",
            "each.id: selections(each.versions, window, known_at) for each in sources.lists",
            "each.id: [each.versions[-1]] for each in sources.lists",
        ),
    ),
    fault(
        VERSIONED,
        "they are not recorded",
        engine(
            "adoption.py",
            'lists=work.all("list", sources.lists, before.lists)',
            "lists=sources.lists",
        ),
    ),
    fault(
        US_PERSON,
        "a permanent resident is not",
        engine(
            "axioms.py",
            "Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.CITIZEN, Standing.PROTECTED",
        ),
        naive(
            "values.py",
            "Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.CITIZEN, Standing.PROTECTED",
        ),
    ),
    fault(
        US_PERSON,
        "a protected person is not",
        engine(
            "axioms.py",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT",
        ),
        naive(
            "values.py",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT",
        ),
    ),
    fault(
        US_PERSON,
        "a citizen is not",
        engine(
            "axioms.py",
            "Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
        ),
        naive(
            "values.py",
            "Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
        ),
    ),
    fault(
        US_PERSON,
        "a former citizen is",
        engine(
            "axioms.py",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED, Standing.FORMER",
        ),
        naive(
            "values.py",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED",
            "Standing.PERMANENT_RESIDENT, Standing.PROTECTED, Standing.FORMER",
        ),
    ),
    fault(
        "A complete set of statuses, none of which",
        "it says nothing",
        engine(
            "axioms.py",
            "stands=stands,\n        complete=complete,\n        us_person_attested=attested",
            "stands=stands,\n        complete=False,\n        us_person_attested=attested",
        ),
        engine("axioms.py", "follows = False if complete else None", "follows = None"),
        naive(
            "sight.py",
            'self._seen("subject.nationality", nationality),',
            'Seen(self._seen("subject.nationality", nationality).values),',
        ),
    ),
    fault(
        "Statuses count while they are in effect",
        "always",
        engine(
            "holdings.py",
            "lies = span.lies_in(status.since, status.until)",
            "lies: bool | None = True",
        ),
        naive(
            "values.py",
            "return (self.since is None or self.since <= at)",
            "return True or (self.since is None)",
        ),
    ),
    fault(
        BOTH_UNKNOWN,
        "what is attested counts",
        engine(
            "axioms.py",
            "if attested and follows is not None and follows is not us_person:",
            "if False:",
        ),
        naive(
            "sight.py",
            "return derived if not claim.value else seen.complete and not derived",
            "return False",
        ),
    ),
    fault(
        BOTH_UNKNOWN,
        "nationality is known all the same",
        engine(
            "axioms.py",
            'conflicts=("us_person", "nationality"),',
            'conflicts=("us_person", "nationality"), stands=stands, complete=complete,',
        ),
        naive(
            "sight.py",
            "return Cell(PERSON, Seen())",
            'return Cell(PERSON, self._seen("subject.nationality", '
            'self.accepted("subject.nationality", condition)))',
        ),
    ),
    fault(
        MAY_PRESUME,
        "without a reading",
        engine("parse.py", "if written.presume and written.reading is None:", "if False:"),
    ),
    fault(
        MAY_PRESUME,
        "the reading is not recorded",
        engine(
            "parse.py",
            "Reading(text=reading.text, by=reading.by, date=_day(reading.date))",
            "Reading()",
        ),
    ),
    fault(
        MAY_PRESUME,
        "an obligation may",
        engine("parse.py", '"presume": (Kind.RESTRICTION,),', ""),
    ),
    fault(
        MAY_PRESUME,
        "nothing is presumed",
        engine("columns.py", "if self.key.presumed is None or holding.elements", "if True"),
        naive("sight.py", "if presumption.attribute == attribute and", "if False and"),
    ),
    fault(
        HOLDS_WHERE,
        "against what contradicts itself",
        engine("holdings.py", "return name in profile.conflicts or", "return"),
        naive(
            "sight.py",
            "if {attribute, name} & set(self.person.conflicts):\n            return False",
            "if {attribute, name} & set(self.person.conflicts):\n            return True",
        ),
    ),
    fault(
        HOLDS_WHERE,
        "against what is attested too weakly",
        engine("holdings.py", 'or _said("us_person", profile, span)\n', ""),
        naive(
            "sight.py",
            "cell = self._person_cell(Condition(attribute=attribute))",
            "cell = self._person_cell(condition)",
        ),
        naive(
            "sight.py",
            "self._is_unattested(attribute):",
            "self._is_unattested(attribute, condition):",
        ),
        naive(
            "sight.py",
            "def _is_unattested(self, attribute: str) -> bool:",
            "def _is_unattested(self, attribute: str, condition: Condition) -> bool:",
        ),
    ),
    fault(
        HOLDS_WHERE,
        "against what follows from a nationality that is attested too weakly",
        engine(
            "holdings.py",
            "or (nationality is None and _tells_us_person(status, span))",
            "",
        ),
        naive(
            "sight.py",
            "return cell.us_person is None and not derived",
            "return cell.us_person is None",
        ),
    ),
    fault(
        HOLDS_WHERE,
        "of every attribute",
        engine(
            "conditions.py",
            "if find_attribute(presumption.attribute, rules.attributes).name == attribute.name:",
            "if attribute.scalar:",
        ),
        naive("sight.py", "if presumption.attribute == attribute and", "if"),
    ),
)
