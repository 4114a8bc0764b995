"""What people are told of a body that is no request."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from libs.contracts.profiles import ProfileEdit
from libs.contracts.review import OverrideRequest
from libs.invalid import invalid

NAME = "name: leave out control characters and write more than blanks"


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        (OverrideRequest, {"reason": "a\x1b[2J"}, "reason: leave out control characters"),
        (ProfileEdit, {"name": " "}, NAME),
    ],
)
def test_what_a_person_wrote_is_not_answered_with_a_pattern(
    model: type[BaseModel], given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(given)

    assert says in invalid(refused.value, "bad_request_body").detail.split("; ")
