from __future__ import annotations

from prodlens.sources.github.caching import conditional, endpoint_key, head_validator


def test_a_key_is_the_path_and_its_parameters_in_one_order() -> None:
    key = "/repositories/7/pulls?direction=desc&per_page=100"
    assert endpoint_key("/repositories/7/pulls", {"per_page": "100", "direction": "desc"}) == key
    assert endpoint_key("/repositories/7/pulls", {"direction": "desc", "per_page": "100"}) == key
    assert endpoint_key("/repos/acme/pay") == "/repos/acme/pay"


def test_a_validator_travels_with_its_quotes_and_its_weakness() -> None:
    assert conditional('W/"abc"') == {"If-None-Match": 'W/"abc"'}
    assert conditional(None) == {}
    assert head_validator("ab12") == '"ab12"'
