"""What `aiqc models` refuses before it asks anybody."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libs.api.models import ModelsApi
from libs.api.prices import PricesApi
from libs.problems import Invalid
from services.qc.model_commands import models_app


@asynccontextmanager
async def nobody() -> AsyncIterator[tuple[ModelsApi, PricesApi]]:
    raise AssertionError("nobody was to be asked")
    yield


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("set", "gpt-4o", "--vision"), "MODEL: write provider/model"),
        (("set", "openai/gpt-4o", "--like", "gpt"), "--like: write provider/model"),
        (("set", "openai/gpt-4o", "--shutdown-on", "soon"), "--shutdown-on: write a day"),
        (("set", "openai/gpt-4o", "--api", "soap"), "--api: "),
        (("set", "openai/gpt-4o", "--context-tokens", "0"), "--context-tokens: "),
        (("set", "openai/gpt-4o"), "Say what is to count"),
        (("reset", "nothing"), "MODEL: write provider/model"),
        (("--update-non-working", "gpt-4o"), "MODEL: write provider/model"),
        (("openai/a b",), "MODEL: write provider/model"),
    ],
)
async def test_wrong_flag_is_named_in_words(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(Invalid, match=re.escape(says)):
        await models_app(nobody).run_async(
            list(arguments), exit_on_error=False, result_action="return_value"
        )
