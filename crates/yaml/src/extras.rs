//! What few nodes have beside their value, out of the way of those that have none of it.

use crate::node::{Comments, Layout, Node, Position};

/// The tag, the anchor and the comments of a node that has any of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    tag: Option<Box<str>>,
    anchor: Option<Box<str>>,
    comments: Option<Box<Comments>>,
}

/// Where a node ends, and in the highest bit whether it was written in flow style: no text has so many bytes
/// that an offset needs that bit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End(u32);

const FLOW: u32 = 1 << 31;

impl End {
    pub(crate) fn new(end: Position, layout: Layout) -> Self {
        let flow = if layout == Layout::Flow { FLOW } else { 0 };
        Self(end.offset & !FLOW | flow)
    }

    fn layout(self) -> Layout {
        if self.0 & FLOW == 0 {
            Layout::Block
        } else {
            Layout::Flow
        }
    }
}

impl Extras {
    /// Returns them, unless there are none.
    pub(crate) fn new(
        tag: Option<Box<str>>,
        anchor: Option<Box<str>>,
        comments: Option<Box<Comments>>,
    ) -> Option<Box<Self>> {
        let is_any = tag.is_some() || anchor.is_some() || comments.is_some();
        is_any.then(|| {
            Box::new(Self {
                tag,
                anchor,
                comments,
            })
        })
    }

    fn is_empty(&self) -> bool {
        self.tag.is_none() && self.anchor.is_none() && self.comments.is_none()
    }
}

impl Node {
    /// Returns the explicit tag, such as `!!str` written out as `tag:yaml.org,2002:str`.
    pub fn tag(&self) -> Option<&str> {
        self.extras.as_ref()?.tag.as_deref()
    }

    /// Sets the explicit tag, or takes it away.
    pub fn set_tag(&mut self, tag: Option<Box<str>>) {
        self.set_extra(tag, |extras| &mut extras.tag);
    }

    /// Returns the anchor, without `&`.
    pub fn anchor(&self) -> Option<&str> {
        self.extras.as_ref()?.anchor.as_deref()
    }

    /// Sets the anchor, or takes it away; returns the former one.
    pub fn set_anchor(&mut self, anchor: Option<Box<str>>) -> Option<Box<str>> {
        self.set_extra(anchor, |extras| &mut extras.anchor)
    }

    /// Returns the comments that belong to the node.
    pub fn comments(&self) -> Option<&Comments> {
        self.extras.as_ref()?.comments.as_deref()
    }

    /// Returns the comments, empty ones when there are none, to be changed.
    pub fn comments_mut(&mut self) -> &mut Comments {
        let extras = self.extras.get_or_insert_default();
        extras.comments.get_or_insert_default()
    }

    /// Takes the comments away.
    pub fn forget_comments(&mut self) {
        self.set_extra(None, |extras| &mut extras.comments);
    }

    /// Returns where the node ends, exclusive, in bytes from the start of the text; a block collection ends where
    /// its last child does. It is 0 when the node was made by a program.
    pub fn end(&self) -> usize {
        (self.end.0 & !FLOW) as usize
    }

    /// Says where the node ends.
    pub(crate) fn set_end(&mut self, offset: usize) {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX) & !FLOW;
        self.end = End(self.end.0 & FLOW | offset);
    }

    /// Returns how a collection was written.
    pub fn layout(&self) -> Layout {
        self.end.layout()
    }

    /// Says how a collection is to be written.
    pub fn set_layout(&mut self, layout: Layout) {
        let flow = if layout == Layout::Flow { FLOW } else { 0 };
        self.end = End(self.end.0 & !FLOW | flow);
    }

    fn set_extra<T>(
        &mut self,
        value: Option<T>,
        field: impl FnOnce(&mut Extras) -> &mut Option<T>,
    ) -> Option<T> {
        if value.is_some() {
            self.extras.get_or_insert_default();
        }
        let extras = self.extras.as_mut()?;
        let former = std::mem::replace(field(extras), value);
        if extras.is_empty() {
            self.extras = None;
        }
        former
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_no_more_than_56_bytes() {
        assert!(size_of::<Node>() <= 56, "{}", size_of::<Node>());
    }

    #[test]
    fn what_is_taken_away_leaves_the_others() {
        let mut node = Node::null();
        node.set_tag(Some("t".into()));
        node.set_anchor(Some("a".into()));
        node.comments_mut().line = "# c".to_owned();
        assert_eq!(node.set_anchor(None).as_deref(), Some("a"));
        assert_eq!((node.tag(), node.anchor()), (Some("t"), None));
        node.forget_comments();
        node.set_tag(None);
        assert!(node.extras.is_none());
    }

    #[test]
    fn the_layout_and_the_end_do_not_touch_each_other() {
        let mut node = Node::null();
        node.set_end(7);
        node.set_layout(Layout::Flow);
        assert_eq!((node.end(), node.layout()), (7, Layout::Flow));
        node.set_end(8);
        node.set_layout(Layout::Block);
        assert_eq!((node.end(), node.layout()), (8, Layout::Block));
    }
}
