"""JSON fields of Snowplow's enriched events -> one column per schema, as JSON text.

A self-describing event is {schema, data: {schema, data}}, contexts are {schema, data: [{schema,
data}, ...]}. The column of a schema is named as in snowplow-analytics-sdk, by the model version
alone: iglu:com.acme/order/jsonschema/1-0-0 and 1-0-1 are both unstruct_event_com_acme_order_1.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache, partial

import polars as pl

__all__ = ["CONTEXTS", "EVENT", "FIELDS", "is_broken", "of_schema", "schemas"]

EVENT, CONTEXTS = "unstruct_event_", "contexts_"
"""What the names of columns begin with: a self-describing event (the data, an object), contexts (an
array of the data of each)."""

FIELDS = {EVENT: ("unstruct_event",), CONTEXTS: ("derived_contexts", "contexts")}
"""Columns of the event that these are made of; the first one that holds the schema counts."""

_SCHEMA = re.compile(r"iglu:([\w.-]+)/([\w-]+)/[\w-]+/([1-9]\d*)-\d+-\d+")
_ENVELOPES = [f"com_snowplowanalytics_snowplow_{kind}1" for kind in FIELDS]


def is_broken(field: pl.Expr, prefix: str) -> pl.Expr:
    """Whether a field holds something that is no JSON of its kind; never null.

    Args:
        field: JSON text, null: empty.
        prefix: `EVENT` or `CONTEXTS`.
    """
    data = field.str.json_path_match("$.data")
    sound = data.str.starts_with("[" if prefix == CONTEXTS else "{")
    return field.is_not_null() & ~sound.fill_null(False)


def of_schema(field: pl.Expr, column: str) -> pl.Expr:
    """Data of one schema, as JSON text; null where the field has none.

    An entry without a schema or without data counts for nothing.

    Args:
        field: JSON text that is not broken, or null.
        column: Name of the column to make, such as contexts_com_acme_product_1.
    """
    prefix = CONTEXTS if column.startswith(CONTEXTS) else EVENT
    schema = column.removeprefix(prefix)
    stem, _, model = schema.rpartition("_")
    words = r"[._/\\]*".join(re.escape(word) for word in stem.split("_"))
    may_hold = field.str.contains(rf"(?i){words}\\*/[^/]*/{re.escape(model)}-")  # far cheaper
    extract = partial(_extract, schema=schema, many=prefix == CONTEXTS)
    return pl.when(may_hold).then(field).map_elements(extract, return_dtype=pl.String)


def schemas(fields: pl.LazyFrame, prefix: str) -> set[str]:
    """Names of the columns of all schemas that a field speaks of.

    Args:
        fields: One column of JSON text.
        prefix: `EVENT` or `CONTEXTS`.
    """
    found = fields.select(pl.all().str.extract_all('iglu:[^"]+').explode().drop_nulls().unique())
    uris = found.collect(engine="streaming").to_series()
    names = {_name(uri.replace("\\/", "/")) for uri in uris}
    return {prefix + name for name in names if name is not None and name not in _ENVELOPES}


def _extract(text: str, *, schema: str, many: bool) -> str | None:
    inner = json.loads(text)["data"]
    entries = [e for e in (inner if many else [inner]) if isinstance(e, dict) and "data" in e]
    found = [e["data"] for e in entries if _name(str(e.get("schema"))) == schema]
    if not found:
        return None
    return json.dumps(found if many else found[0], ensure_ascii=False)


@lru_cache(maxsize=10_000)
def _name(uri: str) -> str | None:
    match = _SCHEMA.fullmatch(uri)
    if match is None:
        return None
    vendor, name, model = match.groups()
    snake = re.sub("([^A-Z_])([A-Z])", r"\1_\2", name)
    return f"{vendor.replace('.', '_')}_{snake}_{model}".lower()
