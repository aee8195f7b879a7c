"""The ways to endpoints: addresses and the fixed part of each request's head.

Endpoints come from the configuration alone; nothing that a caller sends names a host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, cast
from urllib.parse import urlsplit

from licet.catalog import Candidate, Endpoint
from licet.evidence import KeyedDigest
from licet.gateway.admission import Caller
from licet.gateway.fittings import Fitting, Fittings
from licet.gateway.outbound import Route
from licet.gateway.reply import Header, header_lines
from licet.gateway.vertex import Vertex
from licet.relay import Plan
from licet.terms import ConfigurationFault, Fault, Faults
from licet.wire import (
    OPERATIONS,
    RESPONSES,
    Auth,
    Dialect,
    Manner,
    Operation,
    Request,
    credential_headers,
    request_headers,
    without_reasoning,
)

_NOBODY: frozenset[str] = frozenset()
_PATHS = {spoken: path for path, spoken in OPERATIONS.items()}
_ONE_WAY: dict[Operation, Dialect] = {
    operation: dialect for dialect, operation in _PATHS if operation != "answer"
}
"""In which dialect's manner that is asked for which only one has words for."""
REMEMBERED_HEADS_MAX = 1_000


class Carrier(Protocol):
    """Puts requests of Messages as a vendor wants them that has ways of its own."""

    def put(
        self, body: bytes, model: str, passed: Iterable[Header], at_s: float
    ) -> tuple[str, list[Header], bytes]: ...


class Way:
    """How one step of a plan is sent to: worked out once for a configuration. `carrier`: what puts
    its requests, where they are not put plainly. `names`: what its model is called, there and
    here."""

    __slots__ = ("carrier", "dialect", "names", "route", "vendor_model")

    def __init__(
        self,
        *,
        dialect: Dialect,
        model: str,
        vendor_model: str,
        route: Route,
        carrier: Carrier | None,
    ) -> None:
        self.carrier = carrier
        self.dialect: Dialect = dialect
        self.names = (vendor_model, model)
        self.vendor_model = vendor_model
        self.route = route


class Ways:
    """Routes and heads of all endpoints of one configuration."""

    def __init__(self, endpoints: tuple[Endpoint, ...], credentials: Mapping[str, str]) -> None:
        self.endpoints = {e.id: e for e in endpoints}
        # Validated by the catalogue, whose ring does not know the wire's words.
        self.dialects = {e.id: cast("Dialect", e.dialect) for e in endpoints}
        self.routes = {e.id: route_of(e) for e in endpoints}
        manners = {e.id: _manner(e) for e in endpoints}
        self._manners = {name: one for name, one in manners.items() if not one.is_plain}
        self._credentials = credentials
        self._carriers = {
            e.id: carrier_of(e, self.routes[e.id], credentials.get(e.id, ""))
            for e in endpoints
            if e.carriage != "plain"
        }
        # Whoever has no token just now is not asked, since nobody would answer.
        self.closed = {e.id for e in endpoints if e.auth == "google" and not credentials.get(e.id)}
        self._to: dict[Candidate, Way] = {}
        self._heads: dict[tuple[str, Operation, tuple[Header, ...]], bytes] = {}

    def fittings(self, found: Plan, caller: Caller, digest: KeyedDigest) -> Fittings | None:
        """What the endpoints of a plan want of this caller's requests."""
        if not self._manners:
            return None
        wanted = {
            step.endpoint: self._fitting(found, step)
            for step in (*(one.candidate for one in found.routes), *found.steps)
            if step.endpoint in self._manners
        }
        if not wanted:
            return None
        person = caller.profile.subject or ""
        return Fittings(wanted, digest=digest, person=person, key=caller.key.id)

    def foreign(
        self, request: Request, found: Plan, thinkers: frozenset[str] | None = None
    ) -> frozenset[str]:
        """The endpoints of other vendors than the first, where there is reasoning in a request:
        what was said before is taken to be of whoever is asked first, unless it is known whose
        it is (`thinkers`)."""
        if request.dialect != RESPONSES or request.fields.get("input") is None:
            return _NOBODY
        steps, said = found.reachable, request.fields["input"]
        if thinkers is None and len(steps) < 2:
            return _NOBODY
        vendors = self.vendors(found)
        if thinkers is not None:
            if not thinkers:
                return _NOBODY
            return frozenset(one for one, vendor in vendors.items() if thinkers != {vendor})
        home = vendors[steps[0].endpoint]
        others = frozenset(endpoint for endpoint, vendor in vendors.items() if vendor != home)
        return others if others and without_reasoning(said) is not said else _NOBODY

    def vendors(self, found: Plan) -> dict[str, str]:
        """Who operates each endpoint of a plan."""
        return {
            step.endpoint: self.endpoints[step.endpoint].operator.id for step in found.reachable
        }

    def _fitting(self, found: Plan, step: Candidate) -> Fitting:
        manner = self._manners[step.endpoint]
        wanted = [d.value for d in found.duties_of(step) if d.kind == "residency"]
        places = [frozenset(one) for one in wanted if isinstance(one, tuple)]
        workload = found.target.workload
        if workload.residency is not None:
            places.append(frozenset(workload.residency))
        geo = manner.geo(frozenset.intersection(*places)) if places else ""
        return Fitting(manner=manner, vendor=self.endpoints[step.endpoint].operator.id, geo=geo)

    def to(self, step: Candidate) -> Way:
        """The way to a step's endpoint, and what the vendor calls its model."""
        way = self._to.get(step)
        if way is None:
            way = self._to[step] = Way(
                dialect=self.dialects[step.endpoint],
                model=step.model,
                vendor_model=self.endpoints[step.endpoint].models[step.model],
                route=self.routes[step.endpoint],
                carrier=self._carriers.get(step.endpoint),
            )
        return way

    def head(
        self, endpoint: str, operation: Operation, passed: tuple[Header, ...], request: str
    ) -> bytes:
        """Everything of the head but `content-length`; `passed` are the caller's headers."""
        fixed = self._heads.get((endpoint, operation, passed))
        if fixed is None:
            fixed = self._fixed(endpoint, operation, passed)
            if len(self._heads) >= REMEMBERED_HEADS_MAX:
                self._heads.clear()
            self._heads[endpoint, operation, passed] = fixed
        # Not `x-request-id`: there are servers that take only a UUID in it, and refuse the rest.
        return b"%sx-licet-request-id: %s\r\n" % (fixed, request.encode())

    def _fixed(self, endpoint: str, operation: Operation, passed: tuple[Header, ...]) -> bytes:
        route = self.routes[endpoint]
        dialect = _ONE_WAY.get(operation) or self.dialects[endpoint]
        secret = self._credentials.get(endpoint)
        headers = request_headers(dialect, passed)
        if secret:
            headers += credential_headers(dialect, secret, _plain(self.endpoints[endpoint].auth))
        path = route.prefix + path_of(self.endpoints[endpoint], operation)
        line = f"POST {path} HTTP/1.1\r\nhost: {route.authority}\r\n"
        return line.encode() + header_lines(headers)


def _plain(auth: str | None) -> Auth | None:
    """The header of a credential; a signature has none of its own, and a token is a bearer's."""
    if auth == "google":
        return "bearer"
    return None if auth == "sigv4" else cast("Auth | None", auth)


def carrier_of(endpoint: Endpoint, route: Route, secret: str) -> Carrier:
    """What puts the requests of an endpoint whose carriage is not plain. Raises
    `ConfigurationFault` where the packages for Bedrock, which nothing else needs, are missing, or
    the credential is none."""
    if endpoint.carriage == "vertex":
        return Vertex(route, secret)
    try:
        from licet.gateway.bedrock import Bedrock  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise ConfigurationFault(
            "missing_package",
            f"endpoint `{endpoint.id}` needs the package `{missing.name}`",
            remedy="`pip install --require-hashes -r requirements/bedrock.txt`, with the pip of the"
            " environment that Licet is in",
        ) from None
    return Bedrock(endpoint, route, secret)


def carried(put: tuple[str, list[Header], bytes], request: str) -> bytes:
    """A request as a carrier has put it: path, headers and body."""
    path, headers, body = put
    line = f"POST {path} HTTP/1.1\r\nx-licet-request-id: {request}\r\n".encode()
    length = b"content-length: %d\r\n\r\n" % len(body)
    return b"".join((line, header_lines(headers), length, body))


def check_carriers(endpoints: Iterable[Endpoint], credentials: Mapping[str, str]) -> None:
    """Raises `Faults` with what hinders endpoints from being called that are not called plainly,
    before anything is adopted that a worker could not carry out."""
    faults: list[Fault] = []
    for endpoint in endpoints:
        if endpoint.carriage != "plain":
            try:
                carrier_of(endpoint, route_of(endpoint), credentials.get(endpoint.id, ""))
            except ConfigurationFault as fault:
                faults.append(fault)
    if faults:
        raise Faults(tuple(faults))


def path_of(endpoint: Endpoint, operation: Operation = "answer") -> str:
    """Where that is asked for at the endpoint, after its `base_url`."""
    dialect = _ONE_WAY.get(operation) or cast("Dialect", endpoint.dialect)
    path = _PATHS[dialect, operation].removeprefix("/v1")
    return f"/{endpoint.version}{path}" if endpoint.version else path


def _manner(endpoint: Endpoint) -> Manner:
    return Manner(
        end_user=endpoint.end_user,
        token_limit=endpoint.token_limit,
        geos=endpoint.inference_geo,
    )


def route_of(endpoint: Endpoint) -> Route:
    """The address that an endpoint's `base_url` names, before its `version`."""
    parts = urlsplit(endpoint.base_url)
    tls = parts.scheme == "https"
    return Route(
        endpoint=endpoint.id,
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        ca_file=endpoint.ca_file,
        prefix=parts.path.rstrip("/").removesuffix(f"/{endpoint.version}"),
    )
