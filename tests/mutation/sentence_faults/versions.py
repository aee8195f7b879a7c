"""End of section 2 and section 3: reviews, and which version applies."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import Edit, engine, fault, naive

REVIEW = "That a directive was looked at again"
WHICH = "Of the versions recorded by `known_at`"
EDITED = "A file in which one was edited or removed"
IMPORT = "Only the first adoption, into an empty log"
FOLLOWS = "So a lift does not reach back"
HISTORY = "src/licet/gateway/register_history.py"

_LAST_RECORDED = "key=lambda one: (one.recorded, one.index)"
_LATER = "return max(reversed(effective), key=recorded, default=None)"

VERSIONS = (
    fault(
        REVIEW,
        "it is not read from the register",
        Edit(HISTORY, "self.reviews[leaf.id] = None if", "_ = None if"),
    ),
    fault(
        REVIEW,
        "it ends the directive",
        Edit(
            "src/licet/gateway/folder_adopter.py",
            "known = [one.id for one in before.sources.directives]",
            "known: list[str] = []",
        ),
    ),
    fault(
        "Overdue reviews show in `licet status`",
        "they do not",
        Edit("src/licet/gateway/standing.py", "if due is not None and due < at", "if due is None"),
    ),
    fault(
        "Overdue reviews show in `licet status`",
        "all of them do",
        Edit(
            "src/licet/gateway/standing.py", "if due is not None and due < at", "if due is not None"
        ),
    ),
    fault(
        WHICH,
        "whatever is known when",
        engine("selection.py", "if window.known_at is not None:", "if False:"),
        naive("dates.py", "if (known_at is None or recorded(version) <= known_at)", "if True"),
    ),
    fault(
        WHICH,
        "not those recorded at that very instant",
        engine("selection.py", "one.recorded <= window.known_at", "one.recorded < window.known_at"),
        naive("dates.py", "recorded(version) <= known_at", "recorded(version) < known_at"),
    ),
    fault(
        WHICH,
        "not at its first instant",
        engine(
            "selection.py",
            "if one.start <= instant < one.end:",
            "if one.start < instant < one.end:",
        ),
        naive("dates.py", "and version.effective_from <= at", "and version.effective_from < at"),
    ),
    fault(
        WHICH,
        "at the instant of its end too",
        engine(
            "selection.py",
            "if one.start <= instant < one.end:",
            "if one.start <= instant <= one.end:",
        ),
        naive("dates.py", "at < version.effective_until)", "at <= version.effective_until)"),
    ),
    fault(
        WHICH,
        "the first recorded applies",
        engine("selection.py", _LAST_RECORDED, "key=lambda one: (-one.recorded, one.index)"),
        naive("dates.py", _LATER, "return min(reversed(effective), key=recorded, default=None)"),
    ),
    fault(
        WHICH,
        "the last in the file applies, whenever it was recorded",
        engine("selection.py", _LAST_RECORDED, "key=lambda one: one.index"),
        naive("dates.py", _LATER, "return effective[-1] if effective else None"),
    ),
    fault(
        WHICH,
        "of those recorded together the earlier",
        engine("selection.py", _LAST_RECORDED, "key=lambda one: (one.recorded, -one.index)"),
        naive("dates.py", _LATER, "return max(effective, key=recorded, default=None)"),
    ),
    fault(
        "What has not been adopted yet counts",
        "as recorded after everything",
        engine(
            "selection.py",
            "recorded=ALWAYS if v.recorded_at is None",
            "recorded=NEVER if v.recorded_at is None",
        ),
        naive(
            "dates.py",
            "return version.recorded_at or BEGINNING",
            "return version.recorded_at or datetime.max.replace(tzinfo=UTC)",
        ),
    ),
    fault(
        "`nothing = true` is a version without effect",
        "it has one",
        engine(
            "selection.py",
            "if index is not None and not directive.versions[index].nothing",
            "if index is not None",
        ),
        naive(
            "verdict.py", "if version is not None and not version.nothing", "if version is not None"
        ),
    ),
    fault(
        "`nothing = true` is a version without effect",
        "the version before it goes on",
        engine(
            "selection.py",
            "        v: _Version = version  # type: ignore[assignment]\n",
            "        v: _Version = version\n"
            '        if getattr(v, "nothing", False):\n'
            "            continue\n",
        ),
        naive(
            "dates.py",
            "if (known_at is None or recorded(version) <= known_at)",
            'if not getattr(version, "nothing", False)\n'
            "        and (known_at is None or recorded(version) <= known_at)",
        ),
    ),
    fault(
        FOLLOWS,
        "a lift reaches back",
        engine(
            "selection.py",
            "start=to_instant(v.effective_from),",
            "start=ALWAYS if getattr(v, 'nothing', False) else to_instant(v.effective_from),",
        ),
        naive(
            "dates.py",
            "and version.effective_from <= at",
            "and (getattr(version, 'nothing', False) or version.effective_from <= at)",
        ),
    ),
    fault(
        FOLLOWS,
        "a suspension never ends",
        engine(
            "selection.py",
            "end=NEVER if v.effective_until is None else to_instant(v.effective_until),",
            "end=NEVER,",
        ),
        naive(
            "dates.py", "and (version.effective_until is None or at < version.effective_until)", ""
        ),
    ),
    fault(
        FOLLOWS,
        "an amendment does not count before it was recorded",
        engine(
            "selection.py",
            "start=to_instant(v.effective_from),",
            "start=max(to_instant(v.effective_from), "
            "ALWAYS if v.recorded_at is None else to_instant(v.recorded_at)),",
        ),
        naive(
            "dates.py",
            "and version.effective_from <= at",
            "and max(version.effective_from, recorded(version)) <= at",
        ),
    ),
    fault(
        "What is recorded later changes no earlier verdict",
        "it does",
        engine("selection.py", "one.recorded <= window.known_at", "True"),
        naive("dates.py", "recorded(version) <= known_at", "True"),
    ),
    fault(
        "Recorded versions never change",
        "what the file says counts",
        engine(
            "adoption.py",
            "return before.versions[number - 1]\n        return",
            "pass\n        return",
        ),
    ),
    fault(
        "Recorded versions never change",
        "it is recorded anew",
        engine(
            "adoption.py",
            "if recording is None:\n            return self._record",
            "if recording is None or recording.digest != digest:\n            return self._record",
        ),
    ),
    fault(
        EDITED,
        "an edit is no fault",
        engine("adoption.py", 'self._fault("recorded_edited", message, self._place(*key))', "pass"),
    ),
    fault(
        EDITED,
        "a version that was removed is no fault",
        engine(
            "adoption.py",
            'self._fault("recorded_removed", message, self._place(kind, written.id, 1))',
            "pass",
        ),
    ),
    fault(
        EDITED,
        "what was removed is gone",
        engine("adoption.py", "versions.append(before.versions[number - 1])", "pass"),
    ),
    fault(
        EDITED,
        "the title may change",
        engine(
            "adoption.py",
            "alone = msgspec.structs.replace(instrument, versions=(version,))",
            "alone = version",
        ),
    ),
    fault(
        "`recorded_at` is the decision clock at adoption",
        "it is what its author claims",
        engine("adoption.py", "version.received if self.first else None", "version.received"),
    ),
    fault(
        IMPORT,
        "it is recorded at the clock",
        engine("adoption.py", "version.received if self.first else None", "None"),
    ),
    fault(
        IMPORT,
        "it is not marked as claimed",
        engine("adoption.py", "claimed=claim is not None)", "claimed=False)"),
    ),
    fault(
        IMPORT,
        "every later one is",
        engine("adoption.py", "version.received if self.first else None", "version.received"),
    ),
)
