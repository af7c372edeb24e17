"""The Living Canvas says what the list says, whatever there is to show."""

from apps.portal.canvas.drawing import frames
from apps.portal.canvas.picture import MAX_WORKFLOWS, OTHERS, draw
from apps.workflows.contracts import FlowRow, LiveStep


def flow(workflow: str, state: str, count: int = 1, trigger: str = "portal") -> FlowRow:
    return FlowRow(
        trigger=trigger, workflow=workflow, name=workflow.title(), state=state, count=count, cost_micros=10 * count
    )


def test_nothing_to_show_is_an_empty_picture() -> None:
    assert draw([], []).is_empty


def test_every_run_arrives_at_one_outcome() -> None:
    flows = [
        flow("a", "succeeded", 3),
        flow("a", "failed"),
        flow("b", "review", 2),
        flow("b", "running", 4, "api"),
        flow("b", "cancelled"),
    ]
    picture = draw(flows, [LiveStep(workflow="b", title="Write", state="running", count=4)])
    assert {node.key: node.count for node in picture.of("outcome")} == {
        "succeeded": 3, "under_way": 4, "person": 2, "failed": 2,
    }  # fmt: skip
    into = sum(strand.count for strand in picture.strands if strand.start.kind == "queue")
    out = sum(strand.count for strand in picture.strands if strand.end.kind == "outcome")
    assert into == out == sum(row.count for row in flows)
    assert [node.tone for node in picture.of("workflow")] == ["ok", "wait"]
    assert [step.title for node in picture.of("workflow") for step in node.steps] == ["Write"]


def test_quiet_workflows_beyond_six_are_drawn_together() -> None:
    flows = [flow(f"w{n}", "succeeded", 20 - n) for n in range(10)]
    nodes = draw(flows, []).of("workflow")
    assert len(nodes) == MAX_WORKFLOWS
    assert nodes[-1].key == OTHERS
    assert sum(node.count for node in nodes) == sum(row.count for row in flows)


def test_everything_lies_inside_both_layouts_and_a_mirrored_one_runs_the_other_way() -> None:
    picture = draw([flow(f"w{n}", "succeeded") for n in range(6)], [])
    for mirrored in (False, True):
        for frame in frames(picture, mirrored=mirrored):
            for entry in frame["nodes"]:
                assert 0 < entry["x"] < frame["width"] and 0 < entry["y"] < frame["height"]
    plain, turned = (frames(picture, mirrored=mirrored)[0]["nodes"][0]["x"] for mirrored in (False, True))
    assert plain < 500 < turned


def test_a_strand_is_thicker_for_more_and_never_fills_the_picture() -> None:
    widths = [draw([flow("a", "succeeded", count)], []).strands[0].width for count in (1, 10, 1_000, 1_000_000)]
    assert widths == sorted(widths)
    assert widths[0] >= 3 and widths[-1] < 25
