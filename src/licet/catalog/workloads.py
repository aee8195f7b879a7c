"""`workloads/*.toml`: one use per file, with its candidates in order of preference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from licet.catalog.nouns import (
    OPERATOR_ISSUER,
    Candidate,
    CountTokens,
    Declared,
    Endpoint,
    EvidenceMode,
    Keeping,
    OnBreak,
    OnRefusal,
    OnStale,
    RefusalClass,
    SubjectRule,
    Workload,
)
from licet.terms import (
    AttestationFile,
    ConfigurationFault,
    Document,
    Entry,
    Identifier,
    PlaceCode,
    ProfileFile,
    Text,
    declared_values,
    did_you_mean,
)


class _CandidateFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: Identifier
    endpoints: tuple[Identifier, ...] | None = None


class _KeepingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=36_500)]


class _OnRefusalFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    classes: Annotated[tuple[RefusalClass, ...], Meta(min_length=1)] | None = msgspec.field(
        name="class", default=None
    )
    category: Annotated[tuple[Text, ...], Meta(min_length=1)] | None = None
    model: Identifier
    endpoints: tuple[Identifier, ...] | None = None

    def hides(self, later: _OnRefusalFile) -> bool:
        """Whether nothing is left for a `later` rule that this one comes before."""
        return _holds(self.classes, later.classes) and _holds(self.category, later.category)


class _WorkloadFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Identifier
    title: Text | None = None
    dialect: Literal["chat", "messages", "responses"] | None = None
    purpose: Text | None = None
    end_use: Text | None = None
    data: tuple[Text, ...] | None = None
    data_origin: tuple[PlaceCode, ...] | None = None
    subject: SubjectRule = SubjectRule.REQUIRED
    audience: ProfileFile | None = None
    evidence: EvidenceMode | None = None
    substitute: bool = False
    on_stale: OnStale = OnStale.REFUSE
    lossless: bool = False
    count_tokens: CountTokens = CountTokens.VENDOR
    residency: Annotated[tuple[PlaceCode, ...], Meta(min_length=1)] | None = None
    on_break: OnBreak = OnBreak.AS_DIRECTED
    keep_content: _KeepingFile | None = None
    on_refusal: tuple[_OnRefusalFile, ...] = ()
    keep_responses: _KeepingFile | None = None
    declared: Declared = {}
    attested: AttestationFile = AttestationFile()
    candidate: Annotated[tuple[_CandidateFile, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class WrittenWorkload:
    """A workload whose candidates still have to be found among the endpoints."""

    document: Document
    file: _WorkloadFile

    @property
    def id(self) -> str:
        return self.file.id

    def resolve(
        self,
        models: Iterable[str],
        endpoints: Mapping[str, Endpoint],
        broken: Collection[str] = (),
    ) -> tuple[Entry[Workload], list[ConfigurationFault]]:
        """The workload with those candidates that exist, and a fault for each that does not.

        `endpoints` are in the order of the files: that is the order of a candidate that
        names none. `broken`: ids of endpoints that have a fault of their own; about them, no
        more is said.
        """
        known = tuple(models)
        faults: list[ConfigurationFault] = []
        found: list[Candidate] = []
        for index, candidate in enumerate(self.file.candidate):
            path = ("candidate", index)
            try:
                found += self._candidates(path, candidate, known, endpoints, broken)
            except ConfigurationFault as fault:
                faults.append(fault)
        routes: list[OnRefusal] = []
        for index, rule in enumerate(self.file.on_refusal):
            path = ("on_refusal", index)
            try:
                self._check_reached(index, rule)
                to = self._candidates(path, rule, known, endpoints, broken)
            except ConfigurationFault as fault:
                faults.append(fault)
                continue
            routes.append(
                OnRefusal(
                    candidates=tuple(to),
                    classes=rule.classes or (),
                    categories=rule.category or (),
                )
            )
        candidates = tuple(dict.fromkeys((one.model, one.endpoint) for one in found))
        return Entry(self._workload(candidates, tuple(routes)), self.document), faults

    def _check_reached(self, index: int, rule: _OnRefusalFile) -> None:
        """A rule that can route nothing is a mistake: somebody counts on it."""
        path = ("on_refusal", index)
        for number, earlier in enumerate(self.file.on_refusal[:index], 1):
            if earlier.hides(rule):
                raise self.document.fault(
                    "never_reached",
                    f"rule {number} of `on_refusal` covers all that this one does",
                    path,
                    remedy="put the narrower rule first",
                )
        if all(one.model == rule.model for one in self.file.candidate):
            message = f"`{rule.model}` is the only model that is asked, so it is what refuses"
            raise self.document.fault("never_reached", message, (*path, "model"))

    def _candidates(
        self,
        path: tuple[str | int, ...],
        written: _CandidateFile | _OnRefusalFile,
        models: tuple[str, ...],
        endpoints: Mapping[str, Endpoint],
        broken: Collection[str],
    ) -> list[Candidate]:
        if written.model not in models:
            raise self.document.fault(
                "unknown_model",
                f"`{written.model}` is not a model of the catalogue",
                (*path, "model"),
                remedy=did_you_mean(written.model, models),
            )
        names = written.endpoints
        if names is None:
            names = tuple(one.id for one in endpoints.values() if self._fits(one, written.model))
            if not names and not broken:
                spoken = f" in the dialect `{self.file.dialect}`" if self.file.dialect else ""
                message = f"no endpoint serves `{written.model}`{spoken}"
                raise self.document.fault("no_endpoint", message, (*path, "model"))
        for position, name in enumerate(names):
            where = (*path, "endpoints", position)
            if name in broken:
                continue
            if name not in endpoints:
                raise self.document.fault(
                    "unknown_endpoint",
                    f"`{name}` is not an endpoint of the catalogue",
                    where,
                    remedy=did_you_mean(name, endpoints),
                )
            if written.model not in endpoints[name].models:
                message = f"`{name}` does not serve `{written.model}`"
                raise self.document.fault("not_served", message, where)
            if self.file.dialect not in (None, endpoints[name].dialect):
                message = f"`{name}` speaks `{endpoints[name].dialect}`"
                raise self.document.fault("two_dialects", message, where)
        return [
            Candidate(model=written.model, endpoint=name) for name in names if name not in broken
        ]

    def _fits(self, endpoint: Endpoint, model: str) -> bool:
        return model in endpoint.models and self.file.dialect in (None, endpoint.dialect)

    def _workload(
        self, candidates: tuple[tuple[str, str], ...], routes: tuple[OnRefusal, ...]
    ) -> Workload:
        file = self.file
        return Workload(
            id=file.id,
            title=file.title or file.id,
            candidates=tuple(Candidate(model=model, endpoint=at) for model, at in candidates),
            purpose=file.purpose,
            end_use=file.end_use,
            data=file.data,
            data_origin=file.data_origin,
            subject=file.subject,
            audience=file.audience.profile(OPERATOR_ISSUER) if file.audience else None,
            evidence=file.evidence,
            substitute=file.substitute,
            on_stale=file.on_stale,
            lossless=file.lossless,
            count_tokens=file.count_tokens,
            residency=file.residency,
            on_break=file.on_break,
            keep_content=_keeping(file.keep_content),
            on_refusal=routes,
            keep_responses=_keeping(file.keep_responses),
            declared=declared_values(file.declared, file.attested, OPERATOR_ISSUER),
        )


def _keeping(file: _KeepingFile | None) -> Keeping | None:
    return None if file is None else Keeping(days=file.days)


def _holds(wide: tuple[str, ...] | None, narrow: tuple[str, ...] | None) -> bool:
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def parse_workload(document: Document) -> WrittenWorkload:
    """Reads one workload; `resolve` then finds its candidates."""
    file = document.convert(_WorkloadFile)
    if file.audience is not None and file.subject is SubjectRule.REQUIRED:
        raise document.fault(
            "audience_of_persons",
            "`audience` stands in the place of a person, and this workload has one",
            ("audience",),
            remedy='a job without a person says `subject = "none"`',
        )
    return WrittenWorkload(document, file)
