//! One pass over the events of the document: what of them is kept, in their order.

use std::ops::Range;

use super::{Element, Error, Event, Serializer};
use crate::steps;

/// What of an element is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Nothing,
    /// Something inside, its start tag not.
    Part,
    /// Its start tag, and what of the rest the ranges say.
    Start,
}

impl Serializer<'_, '_> {
    /// Goes once over some events.
    pub(crate) fn sweep(
        &mut self,
        events: Range<usize>,
        kept: &[Range<usize>],
        bound_bytes: usize,
    ) -> Result<(), Error> {
        let document = self.document;
        let first = document.events[events.clone()].iter().find_map(|event| match event {
            Event::Open(id) => Some(document.elements[*id as usize].start),
            Event::Text(run) => Some(document.runs[*run as usize].start),
            Event::Close(_) => None,
        });
        let Some(at) = first else { return Ok(()) };
        let units = self.all_units.all();
        let unit = units.partition_point(|unit| document.elements[unit.element as usize].start < at);
        self.units = units[unit..].iter().peekable();
        let formulas = self.all_units.text_formulas();
        let formula = formulas.partition_point(|formula| formula.range.start < at as usize);
        self.text_formulas = formulas[formula..].iter().peekable();
        let kept = &kept[kept.partition_point(|range| range.end <= at as usize)..];
        let mut kept = kept.iter().peekable();
        for number in events {
            steps::count(1);
            self.event = number;
            let event = &document.events[number];
            match *event {
                Event::Open(id) => {
                    let Element { start, end, .. } = document.elements[id as usize];
                    while kept.next_if(|range| range.end <= start as usize).is_some() {}
                    let next = kept.peek().map_or(usize::MAX, |range| range.start);
                    let keeps = match next {
                        _ if next >= end as usize => Kept::Nothing,
                        _ if next <= start as usize => Kept::Start,
                        _ => Kept::Part,
                    };
                    self.enter(id, keeps);
                }
                Event::Text(run) => {
                    let (start, end) = (
                        document.runs[run as usize].start as usize,
                        document.runs[run as usize].end as usize,
                    );
                    while kept.next_if(|range| range.end <= start).is_some() {}
                    while let Some(range) = kept.peek().filter(|range| range.start < end) {
                        let piece = range.start.max(start)..range.end.min(end);
                        self.text(&document.runs[run as usize], piece);
                        if range.end > end {
                            break;
                        }
                        kept.next();
                    }
                }
                Event::Close(id) => self.leave(id),
            }
            if self.bytes + self.content.text.len() > bound_bytes {
                return Err(Error::OutputTooLarge {
                    limit_bytes: bound_bytes,
                });
            }
        }
        Ok(())
    }
}
