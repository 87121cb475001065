# SPDX-License-Identifier: Apache-2.0
"""What tests of triptych compare share: its JSON, held against its schema, and what is looked up in it."""

import json

import harness

PATIENCE = 120  # seconds, beside other tests


def violations(value, schema, root=None, place="$"):
    """The part of JSON Schema that the schema uses; see tests/support/json_schema.hpp."""
    root = root or schema
    if "$ref" in schema:
        return violations(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, place)
    if "anyOf" in schema:
        answers = [violations(value, each, root, place) for each in schema["anyOf"]]
        return [] if [] in answers else answers[0]
    if "const" in schema:
        return [] if value == schema["const"] else [f"{place} is not {schema['const']}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{place} is none of {schema['enum']}"]
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    is_kind = {"object": isinstance(value, dict), "array": isinstance(value, list),
               "string": isinstance(value, str), "boolean": isinstance(value, bool),
               "null": value is None,
               "integer": isinstance(value, int) and not isinstance(value, bool),
               "number": isinstance(value, (int, float)) and not isinstance(value, bool)}
    if kinds and not any(is_kind[kind] for kind in kinds):
        return [f"{place} is no {' or '.join(kinds)}"]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{place}.{name} is missing" for name in schema["required"] if name not in value]
        for name, each in value.items():
            if name not in schema["properties"]:
                found.append(f"{place}.{name} is not in the schema")
            else:
                found += violations(each, schema["properties"][name], root, f"{place}.{name}")
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            found += violations(each, schema["items"], root, f"{place}[{number}]")
    return found


class Test(harness.Test):
    def compare(self, *arguments, prefix=(), **options):
        result = self.triptych("compare", *arguments, "--format", "json", prefix=prefix, patience=PATIENCE, **options)
        self.assertEqual(result.status, 0, result.err)
        document = json.loads(result.out)
        schema = json.loads(self.triptych("compare", "--schema").out)
        self.assertEqual(violations(document, schema), [])
        return document

    @staticmethod
    def cell(document, *key):
        """By model and variant; pinned."""
        return next(cell for cell in document["cells"]
                    if (cell["model"], cell["variant"]) == key and cell["placement"] == "pinned")

    @staticmethod
    def recorded(cell, name):
        return next((figure["value"] for figure in cell["traced"]["figures"]
                     if figure["name"] == name), 0)

    @staticmethod
    def median(cell):
        return next(figure["median"] for figure in cell["figures"]
                    if figure["name"] == "time_per_operation")
