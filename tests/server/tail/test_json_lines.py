"""JSON as it is allowed, forbidden and left open by RFC 8259, a line each: what is valid is read, the rest is counted.

Each case stands as a field of a record that is otherwise whole, so that reading its line shows as an event.
"""

from typing import Any

import pytest

VALID = [
    b"[]", b"{}", b"[[]]", b'[{"a": []}]', b'""', b'"\\u0041"', b'"\\"\\\\\\/\\b\\f\\n\\r\\t"', b'"\xc3\xa9"',
    b'"\\u00e9"', b'"\\ud83d\\ude00"', b'"\xf0\x9f\x98\x80"', b'"\xe2\x80\xa8"', b'"\x7f"', b'"\\u0000"', b'"a/b"',
    b'"\\u2029"', b"0", b"-0", b"-1", b"123", b"1.5", b"-1.5", b"1e5", b"1E5", b"1e+5", b"1e-5", b"0.1e1", b"0e1",
    b"0e+1", b"123456789", b"-123.456e-7", b"1e-300", b"true", b"false", b"null", b"[1, 2, 3]", b" [ 1 ] ",
    b"\t[\t1\t]\t", b'{"": 0}', b'{"a": {"b": {"c": null}}}', b'{"a": 1, "a": 2}', b'{"\\u0061": 1}', b"[null, null]",
    b"[[[[[[1]]]]]]", b'"' + b"x" * 5000 + b'"',
]  # fmt: skip
INVALID = [
    b"", b",", b"[1,]", b"[,1]", b"[1 2]", b"[1,,2]", b"[1", b"1]", b"[", b"{", b'{"a"}', b'{"a":}', b'{a: 1}',
    b"{'a': 1}", b'{"a" 1}', b'{"a": 1,}', b'{"a": 1,, "b": 2}', b'{"a": 1', b"{1: 1}", b'{"a": "b}', b'"', b'"a',
    b"'a'", b'"\\x41"', b'"\\u12"', b'"\\uzzzz"', b'"\\u"', b'"\\"', b'"\t"', b'"\x00"', b'"\x1f"', b"01", b"-01",
    b"+1", b".5", b"1.", b"-", b"1e", b"1e+", b"1.e1", b"0x1", b"0e", b"1_000", b"--1", b"1.2.3", b"NaN", b"-NaN",
    b"Infinity", b"-Infinity", b"nan", b"inf", b"True", b"False", b"None", b"nul", b"truth", b"TRUE", b"undefined",
    b"// no", b"/* no */ 1", b"1 // no", b"#1", b"a", b"[1}", b"{]", b"<null>", b"\xa0", b"1\xe2\x80\x83", b"\\u0031",
    b"[\x0c]", b"[1]]", b"*", b"@", b"=", b";",
]  # fmt: skip
#: Where the standard leaves it open: the record is read all the same, whatever becomes of the field.
OPEN = [
    b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udead"', b'"\\ud800\\ud800"', b'"\xf4\x90\x80\x80"',
    b'"\xc0\xaf"', b"1e400", b"-1e400", b"1e-999", b"123456789012345678901234567890", b"-99999999999999999999",
    b"0." + b"1" * 400, b"[" * 500 + b"]" * 500, b'"\xef\xbb\xbf"', b'"\xef\xbf\xbf"',
]  # fmt: skip


def with_field(log: Any, value: bytes) -> bytes:
    return bytes(log.line("this", more="@").replace(b'"@"', value))


@pytest.mark.parametrize("value", VALID + OPEN, ids=lambda value: repr(value[:24])[2:-1])
def test_what_is_valid_and_what_is_left_open_is_read(log: Any, tail: Any, value: bytes) -> None:
    log.add(with_field(log, value) + log.line("end"))

    report = tail.read(log)

    assert tail.texts() == ["this", "end"]
    assert report.unreadable == 0


@pytest.mark.parametrize("value", INVALID, ids=lambda value: repr(value[:24])[2:-1])
def test_what_is_invalid_is_counted_with_its_place(log: Any, tail: Any, value: bytes) -> None:
    log.add(log.line("first"))
    place = log.path.stat().st_size
    log.add(with_field(log, value) + log.line("end"))

    report = tail.read(log)

    assert tail.texts() == ["first", "end"]
    assert report.unreadable == 1
    assert [loss.offset for loss in tail.store.losses()] == [place]
