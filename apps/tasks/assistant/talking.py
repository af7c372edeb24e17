"""Conversations: kept per person, continued, deleted. Every lookup names the person, so nobody reads another's."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from apps.core.errors import InvalidInput, NotFound
from apps.tasks.assistant import answering
from apps.tasks.assistant.contracts import Caller, Piece
from apps.tasks.models import Conversation, ConversationTurn

QUESTION_MAX = 1000
LISTED = 30
TITLE_MAX = 80


def list_conversations(caller: Caller) -> list[Conversation]:
    """The person's own, the latest first."""
    return list(Conversation.objects.filter(user_id=caller.user_id).order_by("-touched_at")[:LISTED])


def get_conversation(caller: Caller, conversation_id: UUID) -> Conversation:
    """One of the person's own. Raises ``NotFound`` for anybody else's."""
    found: Conversation | None = Conversation.objects.filter(pk=conversation_id, user_id=caller.user_id).first()
    if found is None:
        raise NotFound(detail=f"conversation {conversation_id}")
    return found


def delete_conversation(caller: Caller, conversation_id: UUID) -> str:
    """Delete it with everything said in it; returns its title."""
    found = get_conversation(caller, conversation_id)
    found.delete()
    return found.title


def ask(caller: Caller, question: str, *, conversation_id: UUID | None) -> ConversationTurn:
    """Keep the question and open the turn that will hold its answer. Raises ``InvalidInput``, ``NotFound``."""
    question = question.replace("\x00", "").strip()
    if not question:
        raise InvalidInput(fields={"question": "Type a question."})
    if len(question) > QUESTION_MAX:
        raise InvalidInput(fields={"question": f"At most {QUESTION_MAX} characters."})
    with transaction.atomic():
        if conversation_id is None:
            title = question[:TITLE_MAX].split("\n")[0]
            talk = Conversation.objects.create(user_id=caller.user_id, title=title)
        else:
            talk = get_conversation(caller, conversation_id)
            Conversation.objects.filter(pk=talk.pk).update(touched_at=Now())
        ConversationTurn.objects.create(conversation=talk, role="person", text=question)
        return ConversationTurn.objects.create(conversation=talk, role="assistant", is_finished=False)


def answer_turn(caller: Caller, turn: ConversationTurn) -> Iterator[Piece]:
    """The answer's pieces; what was said is kept at the end, also when the reader leaves in between."""
    earlier = list(turn.conversation.turns.exclude(pk=turn.pk).order_by("created_at", "pk").values_list("role", "text"))
    question = next(text for role, text in reversed(earlier) if role == "person")
    spoken: list[str] = []
    try:
        for piece in answering.answer(question, caller=caller, history=earlier[:-1], key=f"assistant:{turn.pk}"):
            spoken.append(piece.text)
            if piece.is_last:
                turn.sources = [source.as_json() for source in piece.sources]
                turn.tools, turn.wording, turn.note = list(piece.tools), piece.wording, piece.note[:300]
                turn.cost_micros = piece.cost_micros
            yield piece
    finally:
        turn.text, turn.is_finished = "".join(spoken).strip(), True
        ConversationTurn.objects.filter(pk=turn.pk).update(
            text=turn.text, is_finished=True, sources=turn.sources, tools=turn.tools, wording=turn.wording, note=turn.note,
            cost_micros=turn.cost_micros,
        )  # fmt: skip
