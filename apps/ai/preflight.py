"""Preflight: do the configured providers answer, does the key work, are the models there."""

from __future__ import annotations

import httpx2
import openai
from openai import OpenAI

from apps.ai import conf
from apps.ai.errors import NoModelAvailable
from apps.ai.gateway.route import route
from apps.core import outbound
from apps.core.preflight import Finding, failed, ok, skipped, warning

SECONDS = 8


def models() -> Finding:
    """List the models of the first provider and look for those the routes use. Nothing is generated, nothing is billed."""
    endpoints = conf.endpoints()
    if not endpoints:
        return skipped("no model provider is set up: tasks wait until OPENAI_API_KEY or LOCAL_MODEL_URL is set")
    endpoint = endpoints[0]
    wanted = []
    for purpose in ("work", "judge"):
        try:
            wanted.append(next(one.model for one in route(purpose=purpose) if one.endpoint == endpoint.name))
        except NoModelAvailable:
            return failed(
                f"no living model for {purpose}", next_step="Set AI_WORK_MODEL and AI_JUDGE_MODEL, or upgrade."
            )
    try:
        listed = _list(endpoint)
    except outbound.OutboundRefused as error:
        return failed(
            f"{endpoint.base_url} may not be called: {error.text}",
            next_step="Correct OPENAI_BASE_URL or OUTBOUND_ALLOW.",
        )
    except openai.AuthenticationError:
        return failed(
            f"{endpoint.base_url} refuses the key", next_step="Set OPENAI_API_KEY to a valid key of this provider."
        )
    except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
        cause = error.__cause__ or error
        return failed(f"{endpoint.base_url} does not answer ({type(cause).__name__})",
                      next_step="Check OPENAI_BASE_URL and the network; for the bundled model start `make run`.")  # fmt: skip
    missing = sorted(set(wanted) - listed)
    if missing and listed:
        return warning(f"{endpoint.base_url} does not list {', '.join(missing)}",
                       next_step=f"Set AI_WORK_MODEL / AI_JUDGE_MODEL to one of: {', '.join(sorted(listed)[:6])}.")  # fmt: skip
    return ok(f"{endpoint.base_url} answers; work: {wanted[0]}, judge: {wanted[1]}")


def _list(endpoint: conf.Endpoint) -> set[str]:
    client = OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key or "none", max_retries=1, timeout=SECONDS,
                    http_client=outbound.http2_client(purpose="ai-preflight", timeout=SECONDS, user_given=False))  # fmt: skip
    try:
        return {model.id for model in client.models.list().data}
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, outbound.OutboundRefused):
            raise error.__cause__ from error
        raise
