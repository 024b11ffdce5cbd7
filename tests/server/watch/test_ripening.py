"""A session is made into memories once it is quiet, or after a while in any case."""

from memsrv.watch.ripening import Ripening


def test_a_session_is_ripe_once_it_has_been_quiet() -> None:
    ripening = Ripening(quiet_s=5)
    ripening.grew("a", now=0)
    ripening.grew("a", now=4)

    assert ripening.ripe(now=8.9) == []
    assert ripening.next() == 9
    assert ripening.ripe(now=9) == ["a"]


def test_a_session_that_never_falls_quiet_is_ripe_after_a_while() -> None:
    ripening = Ripening(quiet_s=5, latest_s=60)
    for second in range(61):
        ripening.grew("busy", now=second)

    assert ripening.ripe(now=60) == ["busy"]


def test_once_it_is_remembered_the_time_begins_anew() -> None:
    ripening = Ripening(quiet_s=5, latest_s=60)
    ripening.grew("a", now=0)
    ripening.done(["a"])
    assert ripening.next() is None

    ripening.grew("a", now=100)

    assert ripening.waits("a")
    assert ripening.ripe(now=104) == []
    assert ripening.ripe(now=105) == ["a"]


def test_patience_longer_than_the_latest_moment_is_kept() -> None:
    ripening = Ripening(quiet_s=600, latest_s=60)
    ripening.grew("a", now=0)

    assert ripening.ripe(now=599) == []
    assert ripening.ripe(now=600) == ["a"]
