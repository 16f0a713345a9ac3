# Parses statements of Athena (stdin, `;` between them) and prints what they say as JSON; a statement that is no SQL ends it with an error.
import json
import sys

import sqlglot
from sqlglot import exp


def said(statement):
    if not isinstance(statement, exp.Create):
        raise SystemExit(f"not understood: {statement.sql('athena')}")
    schema = statement.this
    properties = statement.args["properties"].expressions
    column = lambda c: [c.name, c.args["kind"].sql("duckdb")]
    of = lambda kind: [p for p in properties if type(p) is kind]
    return {
        "table": ".".join(part.name for part in schema.this.parts),
        "columns": [column(c) for c in schema.expressions],
        "partitions": [column(c) for p in of(exp.PartitionedByProperty) for c in p.this.expressions],
        "location": [p.this.name for p in of(exp.LocationProperty)],
        "format": [p.this.name for p in of(exp.FileFormatProperty)],
        "properties": {p.this.name: p.args["value"].name for p in of(exp.Property)},
    }


statements = sqlglot.parse(sys.stdin.read(), read="athena", error_level=sqlglot.ErrorLevel.RAISE)
json.dump([said(s) for s in statements if s is not None], sys.stdout)
