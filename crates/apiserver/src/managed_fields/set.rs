//! Sets of field paths.

use std::cmp::Ordering;

use super::Step;

/// A set of field paths, as a tree sorted by step.
///
/// No node is empty: each is a member or has a member below, so that equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    nodes: Vec<(Step, Node)>,
}

/// What a set holds at and below one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// Whether the path itself is in the set.
    pub(crate) member: bool,
    /// What is below.
    pub(crate) children: FieldSet,
}

impl Node {
    /// Returns a node of the path alone.
    pub(crate) fn leaf() -> Self {
        Self {
            member: true,
            children: FieldSet::default(),
        }
    }

    /// Returns whether nothing is here.
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }
}

impl FieldSet {
    /// Returns whether the set has no path.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the node behind a step.
    pub(crate) fn get(&self, step: &Step) -> Option<&Node> {
        let found = self.nodes.binary_search_by(|(other, _)| other.cmp(step));
        found.ok().map(|index| &self.nodes[index].1)
    }

    /// Returns the node of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        let found = self.nodes.binary_search_by(|(other, _)| match other {
            Step::Field(other) => (**other).cmp(name),
            _ => Ordering::Greater,
        });
        found.ok().map(|index| &self.nodes[index].1)
    }

    /// Returns the steps and nodes in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Step, &Node)> {
        self.nodes.iter().map(|(step, node)| (step, node))
    }

    /// Adds a node, joining it with the one that is there. Empty ones are not added.
    pub(crate) fn insert(&mut self, step: Step, node: Node) {
        if node.is_empty() {
            return;
        }
        // Paths mostly come in order, so that the end is the likely place.
        let place = match self.nodes.last() {
            Some((last, _)) if *last >= step => {
                self.nodes.binary_search_by(|(other, _)| other.cmp(&step))
            }
            _ => Err(self.nodes.len()),
        };
        match place {
            Ok(index) => {
                let old = &mut self.nodes[index].1;
                old.member |= node.member;
                old.children = old.children.union(&node.children);
            }
            Err(index) => self.nodes.insert(index, (step, node)),
        }
    }

    /// Returns the paths of either.
    pub(crate) fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Node {
                member: a.member || b.member,
                children: a.children.union(&b.children),
            },
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => Node::default(),
        })
    }

    /// Returns the paths of both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Node {
                member: a.member && b.member,
                children: a.children.intersection(&b.children),
            },
            _ => Node::default(),
        })
    }

    /// Returns the paths that `other` has not.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.subtract(other);
        rest
    }

    /// Takes away the paths that `other` has.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.retain_by(other, |node, other| {
            node.member &= !other.member;
            node.children.subtract(&other.children);
        });
    }

    /// Takes away the paths that are in `other` or below one of its paths.
    pub(crate) fn subtract_trees(&mut self, other: &Self) {
        self.retain_by(other, |node, other| {
            if other.member {
                *node = Node::default();
            } else {
                node.children.subtract_trees(&other.children);
            }
        });
    }

    /// Returns whether `other` has all paths of the set.
    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        self.nodes.iter().all(|(step, node)| {
            other.get(step).is_some_and(|other| {
                node.member <= other.member && node.children.is_subset(&other.children)
            })
        })
    }

    /// Changes the nodes that `other` has, too, and drops those that are empty then.
    fn retain_by(&mut self, other: &Self, change: fn(&mut Node, &Node)) {
        if other.is_empty() {
            return;
        }
        self.nodes.retain_mut(|(step, node)| {
            if let Some(other) = other.get(step) {
                change(node, other);
            }
            !node.is_empty()
        });
    }

    /// Returns all paths: at each level those that end there come before those that go deeper.
    pub(crate) fn paths(&self) -> Vec<Vec<&Step>> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths<'a>(&'a self, prefix: &mut Vec<&'a Step>, paths: &mut Vec<Vec<&'a Step>>) {
        for (step, _) in self.nodes.iter().filter(|(_, node)| node.member) {
            paths.push(prefix.iter().copied().chain([step]).collect());
        }
        for (step, node) in &self.nodes {
            prefix.push(step);
            node.children.collect_paths(prefix, paths);
            prefix.pop();
        }
    }

    /// Walks both sets in order and keeps what is not empty.
    fn combine(&self, other: &Self, join: fn(Option<&Node>, Option<&Node>) -> Node) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let mut push = |step: &Step, node: Node| {
            if !node.is_empty() {
                nodes.push((step.clone(), node));
            }
        };
        let (mut left, mut right) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some((a, _)), Some((b, _))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let a = if order.is_le() { left.next() } else { None };
            let b = if order.is_ge() { right.next() } else { None };
            if let Some((step, _)) = a.or(b) {
                push(step, join(a.map(|(_, node)| node), b.map(|(_, node)| node)));
            }
        }
        Self { nodes }
    }
}
