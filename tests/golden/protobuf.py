# SPDX-License-Identifier: Apache-2.0
"""Protocol buffers by a schema that is written down here and not generated: what is not in it is an error.

A schema is {field: (name, wire type, message, TEXT or PACKED)}.
"""
import collections

VARINT, FIXED64, BYTES = 0, 1, 2
TEXT, PACKED = "text", "packed"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def varints(data):
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield value


def messages(data, field, schema):
    """Those of a message that has no other field, one by one."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        assert key == field << 3 | BYTES, f"a field {key >> 3}"
        length, at = varint(data, at)
        assert at + length <= len(data), "the last one is cut"
        yield decode(data[at:at + length], schema)
        at += length


def decode(data, schema):
    message, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        name, wire, *inner = schema[key >> 3]  # KeyError: not in the schema
        assert key & 7 == wire, f"{name} has wire type {key & 7}"
        if wire == VARINT:
            value, at = varint(data, at)
        elif wire == FIXED64:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        else:
            length, at = varint(data, at)
            assert at + length <= len(data), f"{name} is cut"
            raw, at = data[at:at + length], at + length
            if inner[0] == PACKED:
                message[name] += varints(raw)
                continue
            value = raw.decode("utf-8") if inner[0] == TEXT else decode(raw, inner[0])
        message[name].append(value)
    return message
