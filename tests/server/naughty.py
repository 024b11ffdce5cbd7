"""Strings that break programs which did not expect them, made by category: 515 of them, each once, always the same."""

# ruff: noqa: E501  what is listed is easier to read in rows

import itertools
from collections.abc import Iterator

_FTS = ["AND", "OR", "NOT", "NEAR", "NEAR(a b, 5)", "a AND", "OR b", "NOT NOT a", "a NEAR/3 b", "text:", "text:port",
        "{text command}:port", "{text", "^port", "po*rt", "port*", "*", "-port", "+port", '"', '""', '"port', 'port"',
        '"a" "b', "(", ")", "(port", "port)", "()", "((((", "a:b:c", "rowid:1", "events_fts", "rank", "a^2", "{}:a",
        "- {text} : a", "a + b + c", '"a" + "b"', "NEAR()", "NEAR(a,)", "column:*", "\\", "\\\"", "'", "''", "'''",
        "`", "``", ";", "--", "/*", "*/", "a--b", "a/**/b", ",", ".", "..", "%", "_", "%%", "__", "?", "?1", ":a",
        "@a", "$a", "[a]", "[", "]", "{", "}", "|", "||", "&", "&&", "~", "!", "=", "==", "<", ">", "<>"]  # fmt: skip
_SQL = ["' OR 1=1 --", "'; DROP TABLE events; --", '" OR ""="', "1; DELETE FROM memories", "') UNION SELECT * FROM meta --",
        "Robert'); DROP TABLE memories;--", "x' AND 1=(SELECT count(*) FROM sqlite_master)--", "admin'/*",
        "1' ORDER BY 99--", "'||(SELECT hash FROM erased)||'", "\"; ATTACH 'x.db' AS x; --", "' GROUP BY id HAVING 1=1 --",
        "0x27204f5220313d31", "CHAR(39)", "PRAGMA writable_schema=1", "VACUUM INTO '/tmp/x'", "load_extension('x')"]  # fmt: skip
_EMPTY = ["", " ", "  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u2029",
          "\u202f", "\u3000", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u180e"]  # fmt: skip
_WORDS = ["undefined", "null", "NULL", "None", "nil", "true", "false", "NaN", "Infinity", "-Infinity", "0", "-0", "1/0",
          "1e309", "-1e309", "0x0", "0xffffffffffffffff", "9223372036854775808", "-9223372036854775809", "1,000.00",
          "01", "1_000", "٣", "②", "½", "CON", "PRN", "AUX", "NUL", "LPT1", "mem_", "mem_000000000000", "mem_%", "..",
          "../../etc/passwd", "/dev/null", "file:///etc/passwd", "C:\\Windows", "\\\\server\\share", "~root", "$HOME",
          "${PATH}", "$(id)", "`id`", "; id", "| id", "&& id", "%s%s%s%n", "%d", "{0}", "{0.__class__}", "{{7*7}}",
          "<%= 1 %>", "#{1}", "a@b.c", "http://a/?b=c&d=%00", "-", "--", "--help", "-rf", "*.py", "foo/bar.py:12",
          "src\\main.rs", "--no-verify", "C++", "C#", ".NET", "node.js", "f(x)", "a[0]", "x->y", "a::b", "@scope/pkg"]  # fmt: skip
_MARKUP = ["<script>alert(1)</script>", "<b>", "</b>", "&amp;", "&#0;", "<!--", "-->", "<![CDATA[", "]]>", "<?xml?>",
           "</memsrv-recall>", "<memsrv-recall>", "<system-reminder>", "</long_term>", "[link](javascript:0)", "```", "~~~",
           "<a href='x'>", "\x1b[31mred", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "<img src=x onerror=1>", "&lt;", "&",
           "<%", "{%", "{{", "}}", "%}"]  # fmt: skip
_SCRIPTS = ["田中さんにあげて下さい", "パーティーへ行かないか", "和製漢語", "사회과학원 어학연구소", "찦차를 타고 온 펲시맨", "社會科學院語學研究所",
            "울란바토르", "𠜎𠜱𠝹𠱓", "Ⱥ", "Ⱦ", "ヽ༼ຈل͜ຈ༽ﾉ", "(｡◕ ∀ ◕｡)", "͡° ͜ʖ ͡°", "😍", "👩🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇺🇸🇷🇺", "1️⃣", "עברית",
            "بولندا، الإطلاق عل", "الكل في المجمو عة", "test\u2060test\u202b", "\u202etest\u202c", "\u2066test\u2067", "ﷺ", "ﷻ",
            "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠k̪", "̡͓̞ͅI̗̘̦͝n͇͇͙v̮̫ok̲̫̙͈", "ｔｈｅ ｑｕｉｃｋ", "𝐓𝐡𝐞 𝐪𝐮𝐢𝐜𝐤", "𝕋𝕙𝕖", "⒯⒣⒠", "ǝɥʇ", "ß", "ẞ", "İ", "ı", "ŉ",
            "ﬁ", "Å", "Å", "Å", "ΰ", "ΰ", "ᾳ", "Ω", "क्षि", "ไทย", "ខ្មែរ", "አማርኛ", "ქართული", "Հայերեն", "ᏣᎳᎩ", "тест", "ё",
            "naïve café", "ʼ", "‘’“”", "«»", "—", "…", "№", "€£¥", "¬¹²³", "∀∂∈ℝ", "⁰⁴⁵", "₀₁₂", "√∞", "¸˛Ç◊ı˜Â¯˘¿"]  # fmt: skip
_SIZES = [2, 3, 64, 65, 255, 256, 1000, 10_000]


def _made() -> Iterator[str]:
    yield from (*_FTS, *_SQL, *_EMPTY, *_WORDS, *_MARKUP, *_SCRIPTS)
    yield from map(chr, [*range(0x20), *range(0x7F, 0xA0)])  # every control character
    yield from ("\ud800", "\udfff", "a\ud83d", "\udc00b", "\uffff", "\ufffe", "\ufffd", "\U0010ffff", "\x00a", "a\x00b")
    yield from (unit * size for unit in ("a", "a ", '"', "(", "é", "😍", "a.") for size in _SIZES)
    yield from (" ".join(f"w{n}" for n in range(count)) for count in (63, 64, 65, 500))
    yield from (f"{one}port{other}" for one, other in itertools.product('"(*^:-+{', "\")*^:-}'"))
    yield from (f"{word} {sign} port" for word, sign in itertools.product(("AND", "NOT", "OR", "NEAR"), "*-()\"':^{}"))


STRINGS = tuple(itertools.islice(dict.fromkeys(_made()), 515))
