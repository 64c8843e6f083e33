"""Ids that begin with the time: in order as they are made, and nobody's guess."""

import time

from core.db import new_id


def test_ids_are_made_in_the_order_of_time_and_differ_by_chance() -> None:
    earlier = [new_id() for _ in range(1_000)]
    time.sleep(0.002)
    later = [new_id() for _ in range(1_000)]
    assert max(earlier) < min(later)
    assert len({*earlier, *later}) == 2_000
    assert {one.version for one in earlier} == {7}
    assert {one.variant for one in earlier} == {"specified in RFC 4122"}
    assert len({one.int & 0xFFFF for one in earlier}) > 900
