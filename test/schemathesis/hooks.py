"""What schemathesis cannot know of this API: tokens, what is there, and signatures. The Node side signs, and gives it all in a file
that it writes anew every minute, because signed requests are good for five."""

import atexit
import hashlib
import json
import os
import re
from collections import Counter, defaultdict

import jsonschema_rs
import schemathesis
from schemathesis.auths import AuthContext, set_on_case
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import EnsureResourceAvailability

POOL = os.environ["DDC_SCHEMATHESIS_POOL"]
FIGURES = os.environ["DDC_SCHEMATHESIS_FIGURES"]
ACCEPTED_ONLY = ("POST /v1/batches", "POST /v1/events")

pool = {"read": None}
statuses = defaultdict(Counter)
answers = {"checked": 0}
# Where answers said that one may go on: `after` of the same operation, and of the same wallet and app.
cursors = defaultdict(list)
# Cases that are right as they are.
right = set()


def the_pool():
    changed = os.stat(POOL).st_mtime_ns
    if pool["read"] != changed:
        with open(POOL, encoding="utf-8") as file:
            pool.update(json.load(file), read=changed)
    return pool


def draw(case, name, below):
    """The same case draws the same: whoever repeats one sees what it saw."""
    said = json.dumps([name, case.path, case.path_parameters, dict(case.query or {}), str(case.body)], default=str)
    return int.from_bytes(hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=6).digest(), "big") % below


def pick(case, name, among):
    return among[draw(case, name, len(among))]


def known_values(path, name, given):
    return given["values"].get(f"{path} {name}") or given["values"].get(name)


def is_negative(case, location):
    return case.meta is not None and case.meta.is_negative_at(location)


@schemathesis.auth(refresh_interval=None)
class Token:
    """Stands for the one that is put in once it is known whom the request names; where a case is about a token that is absent or bad, it is left so."""

    def get(self, case, context):
        return "Bearer of whom it names"

    def set(self, case, data, context):
        case.headers["Authorization"] = data


@schemathesis.hook
def before_add_examples(context, examples):
    """One request of each operation that is right in all, so that of each what is answered 2xx is looked at."""
    given = the_pool()
    operation = context.operation
    names = [parameter.name for parameter in operation.path_parameters]
    bodies = given["bodies"].get(operation.path, {})
    for media_type in bodies if operation.method == "post" else [None]:
        parts = {"path_parameters": {name: known_values(operation.path, name, given)[0] for name in names}}
        if media_type:
            parts.update(body=bodies[media_type][0], media_type=media_type)
        case = operation.Case(**parts, query=dict(given["queries"].get(operation.path, {})))
        set_on_case(case, AuthContext(operation=operation, app=None), None)
        right.add(case.id)
        # First, however little time there is.
        examples.insert(len(examples) if operation.path in given["last"] else 0, case)


@schemathesis.hook
def before_call(context, case, kwargs):
    given = the_pool()
    if case.id not in right:
        name_what_is_there(case, given)
        put_body(case, given)
    always = given["always"].get(case.operation.path, {})
    for name in always:
        # Also where something else is wrong about it. What is no number, or out of its bounds, is refused and ends by itself.
        if re.fullmatch("[0-9]{1,3}", str((case.query or {}).get(name, "0"))):
            case.query = {**(case.query or {}), name: always[name]}
    if case.headers.get("Authorization") == "Bearer of whom it names":
        case.headers["Authorization"] = token_for(case, given)
    elif case.headers.get("ddc-app-token") and draw(case, "app token", 2) == 0:
        case.headers["ddc-app-token"] = given["appToken"]


def name_what_is_there(case, given):
    if not is_negative(case, "path") and isinstance(case.path_parameters, dict):
        for name in list(case.path_parameters):
            known = known_values(case.path, name, given)
            # A pattern does not say which addresses and CIDs have the right checksum: those are never made up.
            if known and (name in given["checked"] or draw(case, name, 8) > 0):
                case.path_parameters[name] = pick(case, f"{name} itself", known)
    if not is_negative(case, "query") and isinstance(case.query, dict) and "after" in case.query:
        # Nor which cursors were ever given.
        known = cursors[place_of(case, given)]
        if known:
            case.query["after"] = pick(case, "after", known)
        else:
            del case.query["after"]
    last = "Last-Event-ID"
    if not is_negative(case, "header") and case.headers and last in case.headers:
        known = cursors[place_of(case, given)]
        if known:
            case.headers[last] = pick(case, last, known)
        else:
            del case.headers[last]


def place_of(case, given):
    named = case.path_parameters or {}
    return case.operation.label + json.dumps([given["keys"].get(str(named[name])) for name in sorted(named)])


def put_body(case, given):
    if case.method != "POST" or is_negative(case, "body"):
        return
    known = given["bodies"].get(case.operation.path, {}).get(case.media_type)
    if known and draw(case, "body", 4) > 0:
        case.body = pick(case, "body itself", known)
    elif isinstance(case.body, dict):
        # Addresses in bodies as those in paths: a checksum that is right is never made up.
        made_up = [name for name, value in case.body.items() if name in given["checked"] and not is_hex_key(value)]
        named = {name: known_values(case.path, name, given) for name in made_up}
        case.body = {**case.body, **{name: pick(case, name, among) for name, among in named.items() if among}}


def is_hex_key(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def token_for(case, given):
    if case.id not in right and draw(case, "token", 12) == 0:
        return pick(case, "bad token", given["badTokens"])
    if case.path in given["byPartner"] and (case.id in right or draw(case, "partner token", 4) > 0):
        return given["partnerToken"]
    body = case.body if isinstance(case.body, dict) else {}
    wallet = (case.path_parameters or {}).get("wallet") or body.get("wallet") or ""
    own = given["tokens"].get(wallet) if isinstance(wallet, str) else None
    by_app = case.path in given["byApp"] if case.id in right else draw(case, "own token", 3) == 0
    # A batch says nothing of whose token shows more, and an app that is not open wants its own.
    return given["appToken"] if by_app or not own else own


@schemathesis.hook
def after_call(context, case, response):
    statuses[case.operation.label][str(response.status_code)] += 1
    if response.status_code != 200:
        return
    for cursor in cursors_in(response):
        known = cursors[place_of(case, the_pool())]
        if cursor not in known and len(known) < 50:
            known.append(cursor)


def cursors_in(response):
    kind = response.headers.get("content-type", [""])[0]
    if kind.startswith("application/x-ndjson"):
        lines = [json.loads(line) for line in response.text.split("\n") if line]
        return [line["cursor"] for line in lines if "cursor" in line]
    if kind.startswith("text/event-stream"):
        return re.findall("^id: (.*)$", response.text, re.M)
    if not kind.startswith("application/json"):
        return []
    said = response.json()
    return [said["next"]] if isinstance(said, dict) and said.get("next") else []


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # 202 says that a batch is in the log. Where it is can be asked once it is indexed, as `unknown_batch` says; a receipt follows even later.
    return not (isinstance(failure, EnsureResourceAvailability) and failure.created_with in ACCEPTED_ONLY)


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.check
def lines_conformance(context, response, case):
    """Of a stream every line is as described: schemathesis itself would look at the whole as one value, and not at what server-sent events hold."""
    answers["checked"] += 1
    kind = response.headers.get("content-type", [""])[0].split(";")[0]
    if kind == "application/x-ndjson":
        path, lines = case.path, [json.loads(line) for line in response.text.split("\n")[:-1]]
    elif kind == "text/event-stream":
        told = re.findall("^event: (.*)\ndata: (.*)$", response.text, re.M)
        path, lines = case.path.replace("event-stream", "events"), [{name: json.loads(data)} for name, data in told]
    else:
        return
    document = case.operation.schema.raw_schema
    answer = document["paths"][path][case.method.lower()]["responses"]["200"]["content"]["application/x-ndjson"]
    validator = jsonschema_rs.validator_for({**answer["schema"], "components": document["components"]})
    for number, line in enumerate(lines, 1):
        for error in validator.iter_errors(line):
            raise Failure(
                operation=case.operation.label,
                title="A line of the stream does not conform to the schema",
                message=f"line {number}: {error.message}\n{json.dumps(line)[:1000]}",
            )


@atexit.register
def write_figures():
    figures = {"statuses": {label: dict(counts) for label, counts in sorted(statuses.items())}, **answers}
    with open(FIGURES, "w", encoding="utf-8") as file:
        json.dump(figures, file)
