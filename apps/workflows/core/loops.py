"""Loops in the state machine: one item after the other, nested, and taken up where a failure or a crash left them.

A loop's token stays on the loop (phase ``looping``) while another one walks the body inside a frame of its own. An item is over
when nothing is left inside that frame. Items and what each gave are part of the run's state, so nothing is computed twice.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from apps.workflows.core.definition import Step
from apps.workflows.core.paths import Json, ValueProblem
from apps.workflows.core.state import Frames, Loop, Phase, Token
from apps.workflows.core.taxonomy import Failure, FailureKind

if TYPE_CHECKING:
    from apps.workflows.core.moves import TokenMoves

MAX_NESTED = 8
MAX_BYTES = 1_000_000


def begin(moves: "TokenMoves", step: Step, token: Token) -> None:
    """Work the items out and start with the first; without any the loop is over at once."""
    try:
        items = _items(moves, step, token)
    except ValueProblem as problem:
        moves.finish_failed(token, _failure(problem))
        return
    moves.tokens[token.id] = replace(token, phase=Phase.LOOPING)
    moves.loops[token.path] = Loop(items=tuple(items))
    moves.record(token, "running")
    if items:
        _start_item(moves, step, token)
    else:
        _complete(moves, step, token)


def end_item(moves: "TokenMoves", frames: Frames) -> None:
    """Nothing is left inside the loop's frame (the last of ``frames``): keep what the item gave and go on."""
    path, step_id = frames[-1]
    step = moves.definition.steps[step_id]
    token = next((one for one in moves.tokens.values() if one.phase is Phase.LOOPING and one.path == path), None)
    if token is None:
        return
    loop = moves.loops[path]
    try:
        value = _value(moves, step, loop, token, frames)
    except ValueProblem as problem:
        if step.on_error and moves.error is None:
            del moves.tokens[token.id], moves.loops[path]
        moves.finish_failed(token, _failure(problem))
        return
    moves.loops[path] = replace(loop, index=loop.index + 1, results=(*loop.results, value))
    if loop.index + 1 < len(loop.items):
        _start_item(moves, step, token)
    else:
        _complete(moves, step, token)


def _start_item(moves: "TokenMoves", step: Step, token: Token) -> None:
    for name in step.region:
        moves.results.pop(name, None)
    moves.loops[token.path] = replace(moves.loops[token.path], last="", visits={})
    moves.enter(step.body, (*token.frames, (token.path, step.id)))


def _complete(moves: "TokenMoves", step: Step, token: Token) -> None:
    loop = moves.loops.pop(token.path)
    del moves.tokens[token.id]
    moves.settle_control(step, token, {"results": list(loop.results), "count": len(loop.results)})
    moves.note_last(token)
    moves.enter(step.next, token.frames)


def _items(moves: "TokenMoves", step: Step, token: Token) -> list[Json]:
    if sum(path in moves.loops for path, _step in token.frames) >= MAX_NESTED:
        raise ValueProblem("loop_depth", f"Loops are nested more than {MAX_NESTED} deep.")
    items = step.items(moves.scope(token.visit, token.frames)) if step.items else None
    if not isinstance(items, list | tuple):
        raise ValueProblem("loop_items", "A loop needs a list to go through.")
    if len(items) > step.limit:
        raise ValueProblem("loop_limit", f"The list has {len(items)} items; this loop allows {step.limit}.")
    _require_small(items)
    return list(items)


def _value(moves: "TokenMoves", step: Step, loop: Loop, token: Token, frames: Frames) -> Json:
    if step.collect is not None:
        value = step.collect(moves.scope(token.visit, frames))
    else:
        value = moves.results.get(loop.last, {}).get("output")
    _require_small(value)
    if len(loop.results) % 20 == 0:
        _require_small(loop.results)
    return value


def _require_small(value: Json) -> None:
    if len(json.dumps(value)) > MAX_BYTES:
        raise ValueProblem(
            "loop_too_large", "A loop's items and results may have one megabyte each; collect less of each item."
        )


def _failure(problem: ValueProblem) -> Failure:
    return Failure(kind=FailureKind.PERMANENT, code=problem.code, message=str(problem))
