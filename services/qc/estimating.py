"""The calls of an analysis that has not begun: of which models, and how many tokens each."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from libs.contracts.estimates import EstimatedCall
from libs.contracts.profiles import Check
from libs.contracts.qc import Creative, CreativePage, UsedAsset
from services.qc.asking.judge import Judge
from services.qc.briefing import StoredBrief
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.brief import Brief
from services.qc.domain.chain import succeeded
from services.qc.domain.estimate import Asked, Expected, Habits, expected_again, expected_call
from services.qc.domain.grouping import MOST_CHECKS, Group
from services.qc.domain.models import Models, picture_tokens
from services.qc.domain.prompt import SYSTEM, asked, facts_text
from services.qc.domain.triage import Plan, Policy
from services.qc.domain.views import MOST_SIDE_PX, Shown, pages_to_show
from services.qc.domain.wants import together, wants_of
from services.qc.gallery import MOST_REFERENCES
from services.qc.providers.tiers import FLEX, STANDARD, tier_of
from services.qc.quoting import Quotes

NO_PICTURE = "0" * 64
REFERENCE_PX = 512


@dataclass(frozen=True, slots=True)
class Given:
    """What an analysis would be told beside its checks; `measured` is what was measured lately."""

    client_id: str
    creative: Creative
    brief: StoredBrief
    measured: Mapping[str, Mapping[str, JsonValue]]


class Expecting:
    """The calls of one analysis that has not begun: what would be asked of whom.

    Small print is cut out only when it was read, so it is not in here but for calls that asked
    the same before.
    """

    def __init__(
        self, plan: Plan, policy: Policy, models: Models, given: Given, habits: Habits
    ) -> None:
        self._plan = plan
        self._policy = policy
        self._models = models
        self._given = given
        self._habits = habits
        self._at = datetime.now(UTC)
        check_ids = [id for group in (*plan.strong, *plan.cheap) for id in group.checks]
        self._schema_chars = len(json.dumps(answers_schema(check_ids)))
        brief = given.brief
        self._facts = facts_text(
            given.client_id,
            given.creative,
            given.measured,
            Brief(brand=brief.brand, placement=brief.placement, market=brief.given.market),
        )

    def calls(self) -> list[Expected]:
        """Those that are made for certain, then those that may follow."""
        certain = [self._asked(group) for group in (*self._plan.strong, *self._plan.cheap)]
        policy, triaged = self._policy, self._plan.chains
        again = [
            expected_again(
                self._asked(group),
                self._habits,
                budget=policy.escalations * len(group.checks) / len(triaged),
                audit_percent=policy.audit_percent,
                most_checks=MOST_CHECKS,
            )
            for group in self._by_strong_model()
        ]
        return [
            *(expected_call(call, self._habits) for call in certain),
            *(call for call in again if call),
        ]

    def _by_strong_model(self) -> list[Group]:
        """All checks that a cheap model is asked first, by the models that may follow."""
        checks = {id: check for group in self._plan.cheap for id, check in group.checks.items()}
        chains = dict.fromkeys(self._plan.chains.values())
        return [
            Group({id: checks[id] for id in checks if self._plan.chains[id] == chain}, chain)
            for chain in chains
        ]

    def _asked(self, group: Group) -> Asked:
        chain = succeeded(group.models, self._models, self._at)
        model = (*chain.models, *group.models)[0]
        info = self._models.find(model.provider, model.model)
        shown = self._shown(group)[: info.picture.most_pictures]
        shared = len(self._text({}, shown))
        return Asked(
            model,
            {
                id: len(self._text({id: check}, shown)) - shared
                for id, check in group.checks.items()
            },
            shared_chars=len(SYSTEM) + shared + self._schema_chars,
            picture_tokens=sum(picture_tokens(info, one.width_px, one.height_px) for one in shown),
            reasons=info.reasoning,
        )

    def _text(self, checks: Mapping[str, Check], shown: Sequence[Shown]) -> str:
        return asked(self._facts, checks, shown, self._given.creative).text

    def _shown(self, group: Group) -> list[Shown]:
        """The pages as they are drawn, then references of the kinds that the checks look at."""
        wants = together(wants_of(check_id, check) for check_id, check in group.checks.items())
        used = [one for kind in wants.references for one in self._used(kind)]
        return [
            *map(_page, pages_to_show(self._given.creative)),
            *(
                Shown.model_validate(
                    {
                        "sha256": one.sha256,
                        "kind": one.kind,
                        "name": one.name,
                        "width_px": REFERENCE_PX,
                        "height_px": REFERENCE_PX,
                    }
                )
                for one in used[:MOST_REFERENCES]
            ),
        ]

    def _used(self, kind: str) -> list[UsedAsset]:
        return [one for one in self._given.brief.given.assets if one.kind == kind]


def _page(page: CreativePage) -> Shown:
    scale = min(1.0, MOST_SIDE_PX / max(page.width_px, page.height_px))
    width, height = (max(1, round(side * scale)) for side in (page.width_px, page.height_px))
    return Shown(sha256=NO_PICTURE, kind="page", width_px=width, height_px=height, page=page.number)


async def expected_calls(
    judge: Judge, quotes: Quotes, checks: Mapping[str, Check], given: Given, habits: Habits
) -> list[EstimatedCall]:
    """What is asked of whom for these judged checks, each call with its price.

    What can wait is asked in the cheaper tier of the models that have one.
    """
    plan = await judge.plan(judge.groups(checks))
    models = await judge.registry.models()
    calls = Expecting(plan, judge.policy, models, given, habits).calls()
    waiting = [tier_of(models.find(one.model.provider, one.model.model), FLEX) for one in calls]
    asked = waiting if given.brief.given.can_wait else [STANDARD] * len(calls)
    return list(await asyncio.gather(*map(quotes.priced, calls, asked, waiting)))
