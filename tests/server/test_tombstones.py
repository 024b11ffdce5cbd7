"""Words that were erased are found again in any dress, by hashes alone, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.tombstones import ERASED, Tombstone, Tombstones, bury, in_project, in_session, of_memory

SALT = "ab" * 16
PHRASE = "our vault is at zebrafish.example"


def of(*phrases: str, within: str = "") -> Tombstones:
    stone = bury(SALT, *phrases, within=within)
    assert stone is not None
    return Tombstones((stone,))


@pytest.mark.parametrize(
    "said",
    [
        PHRASE,
        "OUR VAULT is at Zebrafish.Example",
        "our  vault\nis at `zebrafish.example`",
        "our **vault** is at zebrafish-example",
    ],
)
def test_no_dress_hides_it(said: str) -> None:
    assert of(PHRASE).scrub(f"He said: {said}, ok?").startswith(f"He said: {ERASED}")


@pytest.mark.parametrize(
    "said", ["", "our vault is at", "vault is at zebrafish.example", "our vaults is at zebrafish.example"]
)
def test_what_only_resembles_it_stays(said: str) -> None:
    assert of(PHRASE).scrub(said) == said


def test_two_phrases_count_only_in_one_sentence() -> None:
    stones = of("the gateway", "6417")

    assert stones.scrub("Port 6417 is the gateway's. All is well.") == f"{ERASED} All is well."
    assert not stones.hit("The gateway is up. 6417 lines were read.")


def test_a_stone_counts_where_it_was_laid() -> None:
    stones = of("6417", within=in_session("monday"))

    assert stones.hit("it is 6417", [in_session("monday"), in_project("shop")])
    assert not stones.hit("it is 6417", [in_session("tuesday"), in_project("shop")])


def test_a_plain_word_is_not_erased_everywhere() -> None:
    memory = Memory("m", "shop", Kind.SEMANTIC, "For installs, use pnpm.", Trust.HUMAN,
                    (Evidence("monday", 0, "use pnpm"),), "installs", "use", "pnpm")  # fmt: skip
    stones = Tombstones(tuple(of_memory(memory, SALT, ["monday"])))

    assert stones.scrub("For installs, use pnpm.") == f"{ERASED}."
    assert stones.scrub("please use pnpm", [in_session("monday")]) == f"please {ERASED}"
    assert not stones.hit("please use pnpm, as the installs do", [in_session("tuesday"), in_project("shop")])


def test_every_string_of_a_tree_is_searched_by_itself() -> None:
    tree = {"a": [PHRASE, {"b": f"\n{PHRASE}\n"}], "c": 3, PHRASE: None}

    assert of(PHRASE).scrub_tree(tree) == {"a": [ERASED, {"b": f"\n{ERASED}\n"}], "c": 3, PHRASE: None}


def test_what_holds_no_word_has_no_stone() -> None:
    assert bury(SALT, " … ") is None
    assert bury(SALT, "gateway", "") is None


def test_nothing_of_the_words_can_be_read_from_a_stone() -> None:
    stone = of(PHRASE).stones[0]

    assert set(Tombstone.__slots__) == {"hash", "salt", "shape"}
    assert (len(stone.hash), len(stone.shape[0])) == (64, 3)
    assert all(0 <= byte < 256 for byte in stone.shape[0][1:])


words = st.lists(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=6), min_size=1, max_size=8)


@given(
    before=st.text(max_size=40), phrase=words, after=st.text(max_size=40), gap=st.sampled_from([" ", "\n", " - ", "…"])
)
def test_whatever_stands_around_it_is_found_and_then_gone(before: str, phrase: list[str], after: str, gap: str) -> None:
    stones = of(" ".join(phrase))
    text = f"{before} {gap.join(phrase)} {after}"

    clean = stones.scrub(text)

    assert ERASED in clean
    assert not stones.hit(clean) or " ".join(phrase).casefold() == "erased"


@given(st.text(max_size=200))
def test_text_without_it_is_left_as_it_is(text: str) -> None:
    assert of("a phrase", "that nobody ever says").scrub(text) == text
