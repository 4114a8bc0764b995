"""Which models were asked for one answer, and why another than the first gave it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.qc.domain.chain import Chain
from services.qc.domain.routing import ModelRef


@dataclass(slots=True)
class Course:
    """What happened while models were asked in turn; `wanted` is the check's own order."""

    wanted: Sequence[ModelRef]
    chain: Chain = field(default_factory=lambda: Chain(()))
    failed: dict[ModelRef, str] = field(default_factory=dict)
    called: dict[ModelRef, None] = field(default_factory=dict)

    def fails(self, model: ModelRef, reason: str, called: bool = True) -> None:
        """Take note of a failure; of one model the last reason counts.

        A model that wants no call for a while has failed without being called.
        """
        self.failed[model] = reason
        if called:
            self.called[model] = None

    @property
    def why_none(self) -> str:
        """Why no model answered at all."""
        failures = [f"{model}: {reason}" for model, reason in self.failed.items()]
        return "; ".join(failures or self.chain.remarks)

    def attempted(self, model: ModelRef | None = None) -> list[str]:
        """The models that were asked, in order, with the one that is asked now."""
        asked = dict.fromkeys([*self.called, *([model] if model else [])])
        return [str(one) for one in asked]

    def facts(self, model: ModelRef) -> dict[str, object]:
        """What the result of an answer by `model` tells of it."""
        return {
            "model_requested": str(model),
            "attempted_models": self.attempted(model),
            "fallback_reason": self.why_fallback(model),
        }

    def why_fallback(self, model: ModelRef) -> str | None:
        """Why `model` answered and not the first that was wanted; None when it is that."""
        if model == self.wanted[0]:
            return None
        failures = [f"{one}: {reason}" for one, reason in self.failed.items() if one != model]
        return "; ".join([*self.chain.remarks, *failures])
