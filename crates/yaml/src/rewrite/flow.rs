//! Changes between brackets and braces.

use std::ops::Range;

use super::align::{Run, align, same_entry, same_node};
use super::{Holder, HolderKind, Rewriter, Unfit};
use crate::mapping::Entry;
use crate::node::Node;

const HOLDER: Holder = Holder {
    kind: HolderKind::Flow,
    column: 0,
    after: 0,
};

impl Rewriter<'_> {
    pub(super) fn flow_mapping(&mut self, old: &[Entry], new: &[Entry]) -> Result<(), Unfit> {
        let places: Vec<_> = old.iter().map(place).collect();
        for run in align(old, new, same_entry) {
            if let Some((old_index, new_index)) = run.kept {
                let (old, new) = (&old[old_index], &new[new_index]);
                self.flow_entry(old, new)?;
            }
            let texts = new[run.added.clone()].iter();
            let texts: Vec<_> = texts.map(|entry| self.printer.flow_entry(entry)).collect();
            self.flow_run(&places, &run, &texts)?;
        }
        Ok(())
    }

    fn flow_entry(&mut self, old: &Entry, new: &Entry) -> Result<(), Unfit> {
        self.value(&old.key, &new.key, HOLDER);
        let colon = self.source.skip_blank(old.key.end());
        let has_colon = self.source.slice(colon..self.source.len()).starts_with(':');
        if !has_colon && !old.value.same_value(&new.value) {
            // `{a}` has nowhere to put a value.
            return Err(Unfit);
        }
        self.value(&old.value, &new.value, HOLDER);
        Ok(())
    }

    pub(super) fn flow_sequence(&mut self, old: &[Node], new: &[Node]) -> Result<(), Unfit> {
        let places: Vec<_> = old.iter().map(range).collect();
        for mut run in align(old, new, same_node) {
            if let Some((old_index, new_index)) = run.kept {
                self.value(&old[old_index], &new[new_index], HOLDER);
            }
            let replaced = run.removed.len().min(run.added.len());
            for (old_index, new_index) in run.removed.clone().zip(run.added.clone()) {
                self.value(&old[old_index], &new[new_index], HOLDER);
            }
            run.removed.start += replaced;
            run.added.start += replaced;
            let texts = new[run.added.clone()].iter();
            let texts: Vec<_> = texts.map(|item| self.printer.flow_item(item)).collect();
            self.flow_run(&places, &run, &texts)?;
        }
        Ok(())
    }

    /// Removes children or adds some; both in one place do not fit.
    fn flow_run(
        &mut self,
        places: &[Range<usize>],
        run: &Run,
        texts: &[String],
    ) -> Result<(), Unfit> {
        match (run.removed.is_empty(), texts.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => self.flow_add(places, run.removed.start, texts),
            (false, true) => self.flow_remove(places, run.removed.clone()),
            (false, false) => Err(Unfit),
        }
    }

    /// Adds children before the one at `index`, or at the end. Where each stands on a line of its own, so does
    /// the new one.
    fn flow_add(
        &mut self,
        places: &[Range<usize>],
        index: usize,
        texts: &[String],
    ) -> Result<(), Unfit> {
        let near = places.get(index.saturating_sub(1)).ok_or(Unfit)?;
        let separator = if self.source.begins_line(near.start) {
            let indent = " ".repeat(self.source.column(near.start));
            format!(",{}{indent}", self.source.line_break())
        } else {
            ", ".to_owned()
        };
        let texts = texts.join(&separator);
        if index == 0 {
            self.splice(near.start..near.start, format!("{texts}{separator}"));
        } else {
            self.splice(near.end..near.end, format!("{separator}{texts}"));
        }
        Ok(())
    }

    fn flow_remove(&mut self, places: &[Range<usize>], removed: Range<usize>) -> Result<(), Unfit> {
        let range = if let Some(next) = places.get(removed.end) {
            places[removed.start].start..next.start
        } else if removed.start > 0 {
            places[removed.start - 1].end..places[removed.end - 1].end
        } else {
            return Err(Unfit);
        };
        self.splice(range, "");
        Ok(())
    }
}

fn range(node: &Node) -> Range<usize> {
    node.start.offset as usize..node.end()
}

fn place(entry: &Entry) -> Range<usize> {
    let end = entry.key.end().max(entry.value.end());
    entry.key.start.offset as usize..end
}
