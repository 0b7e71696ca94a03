//! Changes of entries and items that have lines of their own, and of what stands behind a colon or dash.

use std::ops::Range;

use super::align::{Run, align, same_entry, same_node};
use super::source::{self, Source};
use super::{Holder, HolderKind, Rewriter, Unfit};
use crate::mapping::Entry;
use crate::node::{Layout, Node, Position, Value};

/// Where an entry or item stands: from its key or dash to the end of its value.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
}

impl Rewriter<'_> {
    pub(super) fn block_mapping(
        &mut self,
        old: &[Entry],
        new: &[Entry],
        is_root: bool,
    ) -> Result<(), Unfit> {
        let place = |entry: &Entry| Place {
            start: entry.key.start.offset as usize,
            end: self.source.end(&entry.value).max(entry.key.end()),
        };
        let places: Vec<_> = old.iter().map(place).collect();
        let column = self.source.column(places.first().ok_or(Unfit)?.start);
        if new.is_empty() && !is_root {
            return Err(Unfit);
        }
        for run in align(old, new, same_entry) {
            if let Some((old_index, new_index)) = run.kept {
                self.entry(&old[old_index], &new[new_index], column)?;
            }
            let added = &new[run.added.clone()];
            let lines = added.iter().map(|entry| self.printer.entry(entry, column));
            let lines: Vec<_> = lines.collect();
            self.block_run(&places, &run, &lines, is_root)?;
        }
        Ok(())
    }

    /// Changes the key and value of an entry.
    fn entry(&mut self, old: &Entry, new: &Entry, column: usize) -> Result<(), Unfit> {
        let key_end = old.key.end();
        let colon = self.source.skip_blank(key_end);
        if !self.source.slice(colon..self.source.len()).starts_with(':') {
            return Err(Unfit);
        }
        if old.key.text() != new.key.text() {
            self.guard(&old.key);
            let key = old.key.start.offset as usize;
            let printed = self.printer.flow_item(&new.key);
            self.splice(key..key_end, printed);
        }
        let holder = Holder {
            kind: HolderKind::Key,
            column,
            after: colon + 1,
        };
        self.value(&old.value, &new.value, holder);
        Ok(())
    }

    pub(super) fn block_sequence(
        &mut self,
        node: &Node,
        old: &[Node],
        new: &[Node],
    ) -> Result<(), Unfit> {
        let places = item_places(self.source, node, old).ok_or(Unfit)?;
        let column = self.source.column(places.first().ok_or(Unfit)?.start);
        if new.is_empty() {
            return Err(Unfit);
        }
        let holder = |place: Place| Holder {
            kind: HolderKind::Dash,
            column,
            after: place.start + 1,
        };
        for mut run in align(old, new, same_node) {
            let replaced = run.removed.len().min(run.added.len());
            let pairs = run.removed.clone().zip(run.added.clone());
            for (old_index, new_index) in pairs.chain(run.kept) {
                self.value(&old[old_index], &new[new_index], holder(places[old_index]));
            }
            run.removed.start += replaced;
            run.added.start += replaced;
            let added = &new[run.added.clone()];
            let lines = added.iter().map(|item| self.printer.item(item, column));
            let lines: Vec<_> = lines.collect();
            self.block_run(&places, &run, &lines, false)?;
        }
        Ok(())
    }

    /// Removes the children of a run, and adds others behind the last of them.
    fn block_run(
        &mut self,
        places: &[Place],
        run: &Run,
        added: &[String],
        is_root: bool,
    ) -> Result<(), Unfit> {
        for index in run.removed.clone() {
            if self.source.begins_line(places[index].start) {
                self.remove_lines(places[index]);
            } else {
                self.remove_inline(places, index, run)?;
            }
        }
        if added.is_empty() {
            return Ok(());
        }
        let column = self.source.column(places[0].start);
        let Some(before) = run.removed.end.checked_sub(1) else {
            self.insert_first(places[0], added, column);
            return Ok(());
        };
        let end = self.source.line_after(places[before].end);
        let end = self.source.skip_inner_comments(end, column);
        let is_last = before + 1 == places.len();
        let end = if is_root && is_last {
            self.source.tail(end)
        } else {
            end
        };
        let indent = " ".repeat(column);
        self.insert_lines(end, indent.clone() + &added.join(&indent));
        Ok(())
    }

    /// Removes the lines of a child, and the comments behind it that are indented further.
    fn remove_lines(&mut self, place: Place) {
        let start = self.source.line_start(place.start);
        let end = self.source.line_after(place.end);
        let column = self.source.column(place.start);
        self.splice(start..self.source.skip_inner_comments(end, column), "");
    }

    /// Removes a child that something else stands before on its line, by moving the next one up.
    fn remove_inline(&mut self, places: &[Place], index: usize, run: &Run) -> Result<(), Unfit> {
        let next = places.get(index + 1).ok_or(Unfit)?;
        let is_alone = run.removed.len() == 1 && run.added.is_empty();
        let gap = self.source.slice(places[index].end..next.start);
        if !is_alone || gap.contains('#') {
            return Err(Unfit);
        }
        self.splice(places[index].start..next.start, "");
        Ok(())
    }

    /// Adds children before the first one.
    fn insert_first(&mut self, first: Place, added: &[String], column: usize) {
        let indent = " ".repeat(column);
        let lines = added.join(&indent) + &indent;
        self.splice(first.start..first.start, lines);
    }

    /// Writes a new value behind a colon or dash.
    pub(super) fn replace(&mut self, old: &Node, new: &Node, holder: Holder) {
        let mut new = new.clone();
        if is_empty(old) {
            // Brackets with nothing between them say nothing about how a full list is to look.
            new.set_layout(Layout::Block);
        }
        let (start, end) = (old.start.offset as usize, old.end());
        match holder.kind {
            HolderKind::Flow => {
                let text = self.printer.flow_item(&new);
                let is_tight = start == end && self.source.slice(0..start).ends_with(':');
                let space = if is_tight { " " } else { "" };
                self.splice(start..end, format!("{space}{text}"));
            }
            HolderKind::Root => {
                let lines = self.printer.root(&new);
                let is_last = self.source.line_after(end) == end;
                let lines = if is_last { &lines } else { lines.trim_end() };
                self.splice(start..end, lines);
            }
            HolderKind::Key | HolderKind::Dash => {
                let is_open = source::last_leaf(&new)
                    .text()
                    .is_some_and(|text| text.contains('\n'));
                let text = self.text_behind(old, new, holder);
                self.replace_behind(old, &text, is_open, holder);
            }
        }
    }

    /// Returns what stands behind the colon or dash, without the comments that stay in the text.
    fn text_behind(&self, old: &Node, mut new: Node, holder: Holder) -> String {
        let (start, end) = (old.start.offset as usize, self.source.end(old));
        let is_inline = !self
            .source
            .slice(holder.after..end.max(holder.after))
            .contains('\n');
        let stays = if is_inline {
            start..self.source.line_end(end)
        } else {
            start..start
        };
        new.start = Position::default();
        drop_comments(&mut new, &stays);
        let (prefix, text) = if holder.kind == HolderKind::Dash {
            ("-", self.printer.item(&new, holder.column))
        } else {
            let key = Node::plain("k");
            let entry = Entry { key, value: new };
            ("k:", self.printer.entry(&entry, holder.column))
        };
        text.strip_prefix(prefix).unwrap_or(&text).to_owned()
    }

    /// Puts the first line of a text behind a colon or dash, and the others below. A comment behind a value
    /// on one line stays there; one below goes when it would become a part of a text that `is_open` at its end.
    fn replace_behind(&mut self, old: &Node, text: &str, is_open: bool, holder: Holder) {
        let end = self.source.end(old).max(holder.after);
        let below = self.source.line_after(end);
        let rest = if is_open {
            self.source.skip_inner_comments(below, holder.column)
        } else {
            below
        };
        if self.source.slice(holder.after..end).contains('\n') {
            self.splice(holder.after..rest, text);
            return;
        }
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let head = head.trim_end_matches('\r');
        // Values on one line that somebody has aligned stay so.
        let gap = source::blanks(self.source.slice(holder.after..end));
        let value = head.strip_prefix(' ');
        match value.filter(|_| body.is_empty() && !gap.is_empty()) {
            Some(value) => self.splice(holder.after + gap.len()..end, value),
            None => self.splice(holder.after..end, head),
        }
        if !body.is_empty() {
            self.insert_lines(below, body.to_owned());
            self.splice(below..rest, "");
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
        Value::Scalar(_) | Value::Alias(_) => false,
    }
}

/// Returns where the items of a list stand.
fn item_places(source: Source<'_>, node: &Node, items: &[Node]) -> Option<Vec<Place>> {
    let mut from = source.skip_properties(node.start.offset as usize);
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        let start = source.skip_blank(from);
        if !source.slice(start..source.len()).starts_with('-') {
            return None;
        }
        let end = source.end(item).max(start + 1);
        places.push(Place { start, end });
        from = end;
    }
    Some(places)
}

/// Drops the comments of nodes that stand in this part of the text, and those before the node itself.
fn drop_comments(node: &mut Node, range: &Range<usize>) {
    if !node.start.is_known() || range.contains(&(node.start.offset as usize)) {
        node.forget_comments();
    }
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| drop_comments(item, range)),
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                drop_comments(&mut entry.key, range);
                drop_comments(&mut entry.value, range);
            }
        }
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}
