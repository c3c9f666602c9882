//! Formatting that browsers open again: what its end tags close.

use super::tags::Tag;

/// Formatting that was closed by what is around it and not by its own end tag: browsers open it again, in front of the next
/// text or inline element (section 13.2.4.3, "the list of active formatting elements"; elements that are open are not
/// listed here).
#[derive(Debug, Default)]
pub(crate) struct ActiveFormatting {
    /// Their names, each with the serial at which it is open again. Those that are come first, by serial.
    names: Vec<(Tag, u64)>,
    /// How many are open again.
    open: usize,
}

/// Names in one list at most. Browsers keep three of each kind.
const REOPENED: usize = 64;

impl ActiveFormatting {
    pub(crate) fn add(&mut self, tag: Tag) {
        if self.names.len() == REOPENED {
            self.names.remove(0);
            self.open = self.open.saturating_sub(1);
        }
        self.names.push((tag, 0));
    }

    /// Opens those that are not open yet, above all elements of lower serials. Returns whether there were any.
    pub(crate) fn open_all(&mut self, serial: u64) -> bool {
        let is_any = self.open < self.names.len();
        for (_, at) in &mut self.names[self.open..] {
            *at = serial;
        }
        self.open = self.names.len();
        is_any
    }

    /// The element of this serial closes, and what is open above it as well.
    pub(crate) fn close_above(&mut self, serial: u64) {
        while self.open > 0 && self.names[self.open - 1].1 > serial {
            self.open -= 1;
        }
    }

    /// The last one of this name, with the serial at which it is open again, if it is.
    pub(crate) fn find(&self, tag: Tag) -> Option<(usize, Option<u64>)> {
        let i = self.names.iter().rposition(|(name, _)| *name == tag)?;
        Some((i, (i < self.open).then_some(self.names[i].1)))
    }

    pub(crate) fn remove(&mut self, i: usize) {
        self.names.remove(i);
        self.open -= usize::from(i < self.open);
    }
}
