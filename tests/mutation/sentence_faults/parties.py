"""Section 1: the parties, their attributes, and what is known of them."""

from __future__ import annotations

from tests.mutation.sentence_faults.fault import Edit, engine, fault, naive

SUBJECT = "`subject`: the person on whose behalf"
ORGANISATION = "`organisation`: the holder of the key"
WORKLOAD = "`workload`: the use"
MODEL = "`model`: what was trained"
ENDPOINT = "`endpoint`: where it is called"
CREDENTIAL = "Handing out a credential"
STATUS = "A **status** of nationality has"
ENGAGEMENT = "An **engagement** has"
DECLARED = "`[attribute.NAME]` in `licet.toml` declares"
NAMED_BESIDE = 'With `"none"`, what is attested'
OF_NOTHING = "An audience of which nothing is attested"
KNOWN_AS_FAR = "An attribute is known as far as"
LOWER_BOUND = "A set is a **lower bound**"
CATALOGUE = "What the catalogue and a workload state"
CONTRADICTION = "Attestations of one attribute that contradict"
CLAIMS = "src/licet/identity/claims.py"
PROFILES = "src/licet/identity/profiles.py"

PARTIES = (
    fault(
        "Where it is silent",
        "a condition that cannot be compiled is let through",
        engine(
            "conditions.py",
            'if attribute.name == "action" and not set(values)',
            'if attribute.name == "act" and not set(values)',
        ),
    ),
    fault(
        "Where it is silent",
        "a fault while judging permits",
        naive(
            "__init__.py",
            "except ConfigurationFault:\n        return Decision(verdict=Verdict.REFUSED",
            "except ConfigurationFault:\n        return Decision(verdict=Verdict.PERMITTED",
        ),
    ),
    fault(
        "`licet.policy.naive` is this page as a program",
        "the engine forgets what is excepted",
        engine(
            "rules.py",
            "return True if must & self.applies and not may & self.exceptions else None",
            "return True if must & self.applies else None",
        ),
    ),
    fault(
        "The directives in `examples/` are its living form",
        "an example says something else",
        Edit(
            "examples/rules/directives/entity-list.toml",
            'kind = "restriction"',
            'kind = "authorisation"',
        ),
    ),
    fault(
        "The directives in `examples/` are its living form",
        "an example shows nothing",
        Edit("tests/golden/scenarios.py", 'directives=("entity-list",),', "directives=(),"),
    ),
    fault(
        "A question has six parties",
        "there is a seventh",
        engine(
            "vocabulary.py",
            'Attribute("action", word, True, False),',
            'Attribute("action", word, True, False),\n'
            '        Attribute("session.id", word, True, False),',
        ),
    ),
    fault(
        SUBJECT,
        "a tier is no attribute",
        engine("vocabulary.py", 'Attribute("subject.tier", word, False, True),', ""),
    ),
    fault(
        SUBJECT,
        "a place is taken from what is declared",
        engine(
            "holdings.py",
            "attested_holding(profile.place, span",
            'attested_holding(profile.declared.get("place"), span',
        ),
        naive(
            "sight.py",
            "own: Attested[Any] | None = getattr(person, name)",
            'own: Attested[Any] | None = person.declared.get("place") '
            'if name == "place" else getattr(person, name)',
        ),
    ),
    fault(
        ORGANISATION,
        "a sector is no attribute",
        engine("vocabulary.py", 'Attribute("organisation.sector", word, False, True),', ""),
    ),
    fault(
        ORGANISATION,
        "the place of the parent is that of the organisation",
        engine(
            "holdings.py",
            "attested_holding(organisation.ultimate_parent, span",
            "attested_holding(organisation.place, span",
        ),
        naive("sight.py", "return organisation.ultimate_parent", "return organisation.place"),
    ),
    fault(
        WORKLOAD,
        "a purpose is no attribute",
        engine("vocabulary.py", 'Attribute("workload.purpose", word, True, False),', ""),
    ),
    fault(
        WORKLOAD,
        "the end use is the purpose",
        engine("holdings.py", "return stated(workload.end_use)", "return stated(workload.purpose)"),
        naive(
            "sight.py",
            "return _configured(getattr(workload, name))",
            'return _configured(getattr(workload, name.replace("end_use", "purpose")))',
        ),
    ),
    fault(
        MODEL,
        "safeguards are no attribute",
        engine("vocabulary.py", 'Attribute("model.safeguards", word, True, False),', ""),
    ),
    fault(
        MODEL,
        "the place of the developer is the model's origin",
        engine(
            "holdings.py",
            "return stated(developer.place if developer else None)",
            "return stated(model.origin)",
        ),
        naive(
            "sight.py",
            "return _configured(developer.place if developer else None)",
            "return _configured(model.origin)",
        ),
    ),
    fault(
        ENDPOINT,
        "whether it is self-hosted is no attribute",
        engine("vocabulary.py", 'Attribute("endpoint.self_hosted", flag, True, False),', ""),
    ),
    fault(
        ENDPOINT,
        "it is controlled from where it stands",
        engine(
            "holdings.py",
            "return stated(endpoint.operator.controlled_from)",
            "return stated(endpoint.place)",
        ),
        naive(
            "sight.py",
            "return _configured(operator.controlled_from)",
            "return _configured(parties.endpoint.place)",
        ),
    ),
    fault(
        "`action`: what is done",
        "an action has another name",
        engine("questions.py", 'FINE_TUNE = "fine_tune"', 'FINE_TUNE = "tuning"'),
    ),
    fault(
        STATUS,
        "its standing cannot be tested",
        engine(
            "parse_conditions.py",
            '"standing": Attribute("standing", Element.WORD, True, False),',
            "",
        ),
    ),
    fault(
        STATUS,
        "its last instant is in it",
        engine("holdings.py", "if self.low >= until:", "if self.low > until:"),
        engine("holdings.py", "self.high < until)", "self.high <= until)"),
        naive("values.py", "at < self.until)", "at <= self.until)"),
    ),
    fault(
        ENGAGEMENT,
        "its relation cannot be tested",
        engine(
            "parse_conditions.py",
            '"relation": Attribute("relation", Element.WORD, True, False),',
            "",
        ),
    ),
    fault(
        ENGAGEMENT,
        "its last instant is in it",
        engine("holdings.py", "if self.low >= until:", "if self.low > until:"),
        engine("holdings.py", "self.high < until)", "self.high <= until)"),
        naive("values.py", "at < self.until)", "at <= self.until)"),
    ),
    fault(
        "An **owner** has",
        "its share cannot be tested",
        engine(
            "parse_conditions.py",
            '"percent": Attribute("percent", Element.NUMBER, True, False),',
            "",
        ),
    ),
    fault(
        DECLARED,
        "whole numbers are words",
        engine(
            "vocabulary.py", '"integer": (Element.NUMBER, True)', '"integer": (Element.WORD, True)'
        ),
    ),
    fault(
        DECLARED,
        "it is looked for under another name",
        engine(
            "holdings.py",
            "attested_holding(profile.declared.get(own), span",
            'attested_holding(profile.declared.get(f"subject.{own}"), span',
        ),
        naive("sight.py", "holder.declared.get(name)", "holder.declared.get(attribute)"),
    ),
    fault(
        CREDENTIAL,
        "a credential is inference",
        engine("credential.py", "Action.CREDENTIAL)", "Action.INFERENCE)"),
    ),
    fault(
        CREDENTIAL,
        "looking at what is kept is inference",
        Edit("src/licet/cli/viewing.py", "Action.VIEW_OUTPUT", "Action.INFERENCE"),
    ),
    fault(
        CREDENTIAL,
        "every action is inference",
        engine("ruleset.py", "stated(str(action))", 'stated("inference")'),
        naive("sight.py", "_configured(str(parties.action))", '_configured("inference")'),
    ),
    fault(
        'A workload says `subject = "required"`',
        "it is not read",
        Edit("src/licet/catalog/workloads.py", "            subject=file.subject,\n", ""),
    ),
    fault(
        NAMED_BESIDE,
        "the audience is not looked at",
        engine(
            "ruleset.py",
            "if use is not None and use.subject is SubjectRule.NONE:",
            "if use is None:",
        ),
        naive("sight.py", "if parties.workload.subject is SubjectRule.NONE:", "if False:"),
    ),
    fault(
        NAMED_BESIDE,
        "whoever is named counts where nothing is attested of the audience",
        engine("ruleset.py", "use.audience or UNKNOWN_PERSON", "use.audience or profile"),
        naive(
            "sight.py",
            "parties.workload.audience or UNKNOWN_PERSON",
            "parties.workload.audience or parties.profile",
        ),
    ),
    fault(
        OF_NOTHING,
        "an unattested audience is of US persons",
        engine(
            "ruleset.py",
            "use.audience or UNKNOWN_PERSON",
            "use.audience or Profile(us_person=Attested(value=True, issuer=''))",
        ),
        engine("ruleset.py", "from licet.terms import", "from licet.terms import Attested,"),
        naive(
            "sight.py",
            "parties.workload.audience or UNKNOWN_PERSON",
            "parties.workload.audience or Profile(us_person=Attested(value=True, issuer=''))",
        ),
    ),
    fault(
        OF_NOTHING,
        "a person whom nobody names is a US person",
        engine("holdings.py", "person = NOBODY_KNOWN", "person = derive(True, None, False)"),
        naive(
            "sight.py",
            "us_person.value if us_person else None,",
            "us_person.value if us_person else (True if nationality is None else None),",
        ),
    ),
    fault(
        "whose id nobody knows is refused",
        "it is permitted",
        engine(
            "ruleset.py",
            "return Decision(verdict=Verdict.REFUSED, reason=fault)",
            "return Decision(verdict=Verdict.PERMITTED, reason=fault)",
        ),
        naive(
            "__init__.py",
            "if parties is None:\n        return Decision(verdict=Verdict.REFUSED",
            "if parties is None:\n        return Decision(verdict=Verdict.PERMITTED",
        ),
    ),
    *(
        fault(KNOWN_AS_FAR, f"the {what} is forgotten", Edit(CLAIMS, old, new))
        for what, old, new in (
            ("value", "            value=value,\n", "            value=type(value)(),\n"),
            ("issuer", "issuer=self.issuer.id,", 'issuer="",'),
            ("assurance", "assurance=backing.assurance,", "assurance=Assurance.SELF,"),
            ("date of the evidence", "evidence_date=backing.evidence_date,", "evidence_date=None,"),
            ("expiry", "expires=backing.expires,", "expires=None,"),
        )
    ),
    fault(
        "What is not attested is unknown",
        "it is no",
        engine("columns.py", "return self.silent, all_rows", "return self.silent, self.silent"),
        naive(
            "sight.py",
            "if attested is None:\n            return Seen()",
            "if attested is None:\n            return Seen(complete=True)",
        ),
    ),
    fault(
        "An attestation is in effect *before*",
        "and at it",
        engine("holdings.py", "self.high >= attested.expires", "self.high > attested.expires"),
        naive("sight.py", "attested.expires <= self.window", "attested.expires < self.window"),
    ),
    fault(
        LOWER_BOUND,
        "statuses are complete",
        engine("holdings.py", "complete = nationality.complete", "complete = True"),
        naive(
            "sight.py",
            "return Seen(rows, attested.complete)",
            'return Seen(rows, attested.complete or attribute == "subject.nationality")',
        ),
    ),
    fault(
        LOWER_BOUND,
        "engagements are complete",
        engine("holdings.py", "complete = counted.complete", "complete = True"),
        naive(
            "sight.py",
            "return Seen(rows, attested.complete)",
            'return Seen(rows, attested.complete or attribute == "subject.engagement")',
        ),
    ),
    fault(
        LOWER_BOUND,
        "plain sets are complete",
        engine(
            "holdings.py",
            "return Holding(tuple(elements), counted.complete)",
            "return Holding(tuple(elements), True)",
        ),
        naive(
            "sight.py",
            "return Seen(rows, attested.complete)",
            'return Seen(rows, attested.complete or attribute == "subject.tier")',
        ),
    ),
    fault(
        LOWER_BOUND,
        "a set of which its issuer attests everything is a lower bound too",
        engine("holdings.py", "complete = nationality.complete", "complete = False"),
        naive(
            "sight.py",
            "return Seen(rows, attested.complete)",
            'return Seen(rows, attested.complete and attribute != "subject.nationality")',
        ),
    ),
    fault(
        CATALOGUE,
        "what is stated is a lower bound",
        engine(
            "holdings.py",
            "UNKNOWN if values is None else Holding(values, True)",
            "UNKNOWN if values is None else Holding(values, False)",
        ),
        naive(
            "sight.py",
            "Attested(value=value, issuer=_CONFIGURED, complete=True)",
            'Attested(value=value, issuer="")',
        ),
    ),
    fault(
        CATALOGUE,
        "sets that are left out are empty",
        engine("holdings.py", "UNKNOWN if values is None", "Holding((), True) if values is None"),
        naive(
            "sight.py",
            "return None if value is None else Attested(value=value,",
            "return Attested(value=() if value is None else value,",
        ),
    ),
    fault(
        CATALOGUE,
        "words that are left out are none",
        engine(
            "holdings.py",
            "return UNKNOWN if value is None else Holding((value,), True)",
            "return Holding(() if value is None else (value,), True)",
        ),
        naive(
            "sight.py",
            "return None if value is None else Attested(value=value,",
            "return Attested(value=() if value is None else value,",
        ),
    ),
    fault(
        CONTRADICTION,
        "they are known all the same",
        engine("holdings.py", "    if profile.conflicts:\n", "    if False:\n"),
        engine("holdings.py", "if profile.conflicts and own in profile.conflicts:", "if False:"),
        naive("sight.py", "return name in person.conflicts or", "return False and"),
    ),
    fault(
        CONTRADICTION,
        "the rules do not report them",
        engine(
            "ruleset.py",
            "dict.fromkeys((*known.conflicts, *person.conflicts))",
            "dict.fromkeys(known.conflicts)",
        ),
    ),
    fault(
        CONTRADICTION,
        "of two values the first counts",
        Edit(
            PROFILES,
            "if one.value != other.value:\n        return None, True",
            "if one.value != other.value:\n        return one, False",
        ),
    ),
    fault(
        CONTRADICTION,
        "whoever joins them does not report them",
        Edit(
            PROFILES,
            "        merged[name] = None if name in conflicts else found\n"
            "        if contradicted:\n",
            "        merged[name] = None if name in conflicts else found\n        if False:\n",
        ),
    ),
)
