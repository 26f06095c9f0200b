"""Consensus: how far annotators agree."""

from support import walk


def check(client):
    """The summary is that of the scores, and a stricter setting leaves fewer items in agreement."""
    project = client.projects.list().items[0].uid
    summary = client.consensus.get_summary(project)
    assert 0 < summary.min_score <= summary.median_score <= summary.max_score <= 1
    scores = walk(client.consensus.list_scores, project)
    assert 0 < summary.items_with_consensus < len(scores) <= summary.total_items
    mean = sum(score.score for score in scores) / len(scores)
    assert abs(mean - summary.mean_score) < 1e-4

    before = client.consensus.get_config(project)
    after = client.consensus.update_config(project, iou_threshold=0.95)
    assert after.iou_threshold == 0.95
    assert after.min_annotations == before.min_annotations
    assert client.consensus.compute(project).status == "completed"
    assert client.consensus.get_summary(project).items_with_consensus < summary.items_with_consensus
