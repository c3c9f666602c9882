//! Sends every shape at growing sizes, and prints what each cost in steps.
//!
//!     growth BYTES [PART OF A NAME]
//!
//! One line a shape: its name, its sizes and its steps at them, how much a byte costs more at the last than before.

mod growth;
mod shapes;

use std::time::Duration;

use copydesk::{
    bounds::{Bounds, Deadline},
    pipeline::Pipeline,
};
use growth::{Growth, MOST};

/// One shape in so many is sent once before.
const WARM_UP: usize = 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let bytes = arguments.next().and_then(|bytes| bytes.parse().ok());
    let bytes = bytes.expect("growth BYTES [PART OF A NAME]");
    let part = arguments.next().unwrap_or_default();
    let pipeline = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
    let shapes: Vec<_> = shapes::all()
        .into_iter()
        .filter(|shape| shape.name.contains(&part))
        .collect();
    // What is made once for all documents is none of a shape's cost.
    for shape in shapes.iter().step_by(WARM_UP) {
        let _ = shapes::send(&pipeline, &(shape.make)(0), &Deadline::after(Duration::from_secs(60)));
    }
    for shape in &shapes {
        let growth = Growth::of(shape, bytes, &pipeline);
        let excess = growth.excess();
        let flag = if excess > MOST { "GROWS" } else { "" };
        println!(
            "{}\t{:?}\t{:?}\t{excess:.2}\t{flag}",
            shape.name, growth.bytes, growth.cost
        );
    }
}
