//! Cycles of a directed graph.

/// Returns the groups of nodes that reach each other, each sorted: the strongly connected components of more than one
/// node.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let reachable: Vec<Vec<bool>> = (0..edges.len()).map(|start| reachable_from(edges, start)).collect();
    let connected = |from: usize, to: usize| reachable.get(from).and_then(|row| row.get(to)).copied() == Some(true);
    let mut found: Vec<Vec<usize>> = Vec::new();
    for node in 0..edges.len() {
        let group: Vec<usize> =
            (0..edges.len()).filter(|other| connected(node, *other) && connected(*other, node)).collect();
        if group.len() > 1 && !found.contains(&group) {
            found.push(group);
        }
    }
    found
}

fn reachable_from(edges: &[Vec<usize>], start: usize) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut pending = vec![start];
    while let Some(node) = pending.pop() {
        for &next in edges.get(node).into_iter().flatten() {
            if let Some(seen) = reached.get_mut(next)
                && !*seen
            {
                *seen = true;
                pending.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_reach_each_other_form_one_cycle() {
        assert_eq!(cycles(&[vec![1], vec![2], vec![0, 3], vec![]]), [[0, 1, 2]]);
    }

    #[test]
    fn a_tree_has_no_cycle() {
        assert!(cycles(&[vec![1, 2], vec![2], vec![]]).is_empty());
    }
}
