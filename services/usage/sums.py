"""The sums of a (client, day), as SQL over the ledger's rows.

Each statement gives the rows of one roll-up table. Roll-ups are filled with them, days whose
roll-ups are behind are read with them, and so is what a roll-up cannot tell: a report that is
narrowed by more than clients and days.
"""

from collections.abc import Mapping

# What nobody saw has a ceiling but neither cost nor tokens: the sender's bound is no count.
_SEEN = "FILTER (WHERE state <> 'unknown')"

MODEL_DAY = f"""
    SELECT client_id, day, provider, coalesce(model_served, model_requested) AS model,
           sum(calls)::bigint AS calls,
           coalesce(sum(input_tokens) {_SEEN}, 0)::bigint AS prompt_tokens,
           coalesce(sum(cached_input_tokens) {_SEEN}, 0)::bigint AS cached_input_tokens,
           coalesce(sum(cache_write_tokens) {_SEEN}, 0)::bigint AS cache_write_tokens,
           coalesce(sum(output_tokens) {_SEEN}, 0)::bigint AS completion_tokens,
           coalesce(sum(reasoning_tokens) {_SEEN}, 0)::bigint AS reasoning_tokens,
           coalesce(sum(total_tokens) {_SEEN}, 0)::bigint AS total_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd,
           count(*) FILTER (WHERE origin = 'adjustment') AS adjustments,
           coalesce(sum(cost_usd) FILTER (WHERE origin = 'adjustment'), 0) AS adjustments_usd,
           coalesce(sum(calls) FILTER (WHERE fallback_of IS NOT NULL), 0)::bigint
               AS fallback_calls,
           coalesce(sum(cost_usd) FILTER (WHERE fallback_of IS NOT NULL), 0) AS fallback_usd,
           coalesce(sum(calls) FILTER (WHERE cost_usd IS NULL AND state <> 'unknown'), 0)::bigint
               - count(*) FILTER (WHERE settles) AS unpriced_calls,
           coalesce(sum(calls) FILTER (WHERE state = 'unknown'), 0)::bigint AS unknown_calls,
           coalesce(sum(calls) FILTER (WHERE state = 'suspect'), 0)::bigint AS suspect_calls,
           coalesce(sum(calls) FILTER (WHERE usage_source = 'estimated'), 0)::bigint
               AS estimated_calls,
           coalesce(sum(cost_ceiling_usd), 0) AS unknown_cost_ceiling_usd
      FROM {{entries}} AS entry
     WHERE {{where}}
     GROUP BY client_id, day, provider, coalesce(model_served, model_requested)
"""

# A grouped call is split over its checks so that the parts make the whole: each check gets the
# n-th part of the cost, cut to 18 places, and the first check the rest with it; tokens that do
# not divide go one by one to the first checks.
CHECK_DAY = """
    SELECT client_id, day, profile_id, check_id, model,
           sum(calls)::bigint AS calls,
           sum(prompt / parts + (position <= prompt % parts)::integer)::bigint AS prompt_tokens,
           sum(completion / parts + (position <= completion % parts)::integer)::bigint
               AS completion_tokens,
           sum(total / parts + (position <= total % parts)::integer)::bigint AS total_tokens,
           sum(CASE position WHEN 1 THEN cost - part_usd * (parts - 1) ELSE part_usd END)
               AS cost_usd,
           count(fill_percentage) AS filled_calls,
           coalesce(sum(fill_percentage), 0) AS fill_sum
      FROM (
        SELECT client_id, day, profile_id, coalesce(model_served, model_requested) AS model,
               calls, fill_percentage,
               coalesce(check_id, 'unknown') AS check_id,
               coalesce(position, 1) AS position,
               greatest(cardinality(check_ids), 1) AS parts,
               trunc(coalesce(cost_usd, 0)::numeric(60, 30)
                   / greatest(cardinality(check_ids), 1), 18) AS part_usd,
               coalesce(cost_usd, 0) AS cost,
               CASE WHEN state = 'unknown' THEN 0 ELSE input_tokens END AS prompt,
               CASE WHEN state = 'unknown' THEN 0 ELSE output_tokens END AS completion,
               CASE WHEN state = 'unknown' THEN 0 ELSE total_tokens END AS total
          FROM {entries} AS entry
          LEFT JOIN LATERAL unnest(check_ids) WITH ORDINALITY AS c(check_id, position) ON true
         WHERE {where}
      ) AS part
     GROUP BY client_id, day, profile_id, check_id, model
"""

PERSON_DAY = f"""
    SELECT client_id, day, person_id,
           sum(calls)::bigint AS calls,
           coalesce(sum(input_tokens) {_SEEN}, 0)::bigint AS prompt_tokens,
           coalesce(sum(output_tokens) {_SEEN}, 0)::bigint AS completion_tokens,
           coalesce(sum(total_tokens) {_SEEN}, 0)::bigint AS total_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
      FROM {{entries}} AS entry
     WHERE {{where}}
     GROUP BY client_id, day, person_id
"""

TOOL_DAY = """
    SELECT client_id, day, tool, sum(tool_count::bigint)::bigint AS calls
      FROM {entries} AS entry, LATERAL jsonb_each_text(tool_calls) AS called(tool, tool_count)
     WHERE tool_calls <> '{{}}' AND {where}
     GROUP BY client_id, day, tool
"""

# An analysis counts once, as completed last, on the day of its last completion.
ANALYSIS_DAY = """
    SELECT client_id, day, profile_id, person_id,
           count(*) AS analyses,
           coalesce(sum(checks_completed), 0)::bigint AS checks,
           coalesce(sum(overall_score), 0) AS score_sum,
           count(overall_score) AS scored,
           count(*) FILTER (WHERE verdict = 'pass') AS passed,
           count(*) FILTER (WHERE verdict = 'fail') AS failed,
           count(*) FILTER (WHERE verdict = 'incomplete') AS incomplete,
           coalesce(sum(duration_ms), 0)::bigint AS duration_ms,
           count(duration_ms) AS timed
      FROM {events} AS completed
     WHERE kind = 'analysis_completed' AND {where}
       AND NOT EXISTS (
            SELECT FROM {events} AS later
             WHERE later.client_id = completed.client_id
               AND later.analysis_id = completed.analysis_id
               AND later.kind = 'analysis_completed'
               AND (later.occurred_at, later.event_id)
                   > (completed.occurred_at, completed.event_id))
     GROUP BY client_id, day, profile_id, person_id
"""

ROLLUPS: Mapping[str, str] = {
    "model_day": MODEL_DAY,
    "check_day": CHECK_DAY,
    "person_day": PERSON_DAY,
    "tool_day": TOOL_DAY,
    "analysis_day": ANALYSIS_DAY,
}
LIVE = {"entries": "ledger_entry", "events": "usage_event"}


def sums(rollup: str, where: str, sources: Mapping[str, str] = LIVE) -> str:
    """The statement whose rows are those of `rollup` for the ledger's rows that `where` selects.

    `sources` are what stands for the tables of entries and events.
    """
    return ROLLUPS[rollup].format(where=where, **sources)
