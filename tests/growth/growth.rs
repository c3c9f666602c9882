//! How the cost of a shape grows with its size.

use std::time::Duration;

use copydesk::{bounds::Deadline, pipeline::Pipeline, steps};

use super::shapes::{Request, Shape, send};

/// How many times the first size each shape is made.
pub(crate) const SIZES: [usize; 4] = [1, 2, 4, 8];

/// What a byte more may cost at the largest sizes, as against the smaller ones.
pub(crate) const MOST: f64 = 1.2;

/// What a shape cost at each of [`SIZES`].
pub(crate) struct Growth {
    pub(crate) bytes: [usize; SIZES.len()],
    pub(crate) cost: [u64; SIZES.len()],
}

impl Growth {
    /// Sends a shape at each size, from `bytes` on, and counts its steps.
    pub(crate) fn of(shape: &Shape, bytes: usize, pipeline: &Pipeline) -> Self {
        let requests = SIZES.map(|size| (shape.make)(bytes * size));
        Growth {
            bytes: requests.each_ref().map(Request::bytes),
            cost: requests.each_ref().map(|request| {
                let before = steps::counted();
                measured(request, pipeline);
                steps::counted() - before
            }),
        }
    }

    /// How many times as much a byte costs between the last two sizes as between those before; 1 is linear. What is refused
    /// early costs less.
    pub(crate) fn excess(&self) -> f64 {
        let slope = |i: usize| {
            let bytes = self.bytes[i + 1].saturating_sub(self.bytes[i]).max(1);
            self.cost[i + 1].saturating_sub(self.cost[i]) as f64 / bytes as f64
        };
        slope(2) / slope(0).max(slope(1)).max(LEAST_SLOPE)
    }
}

/// Steps for each byte up to which growth says nothing: the bytes themselves are read once at least.
const LEAST_SLOPE: f64 = 2.0;

/// What the script beside this counts the instructions of: a refusal is an answer too.
#[inline(never)]
pub(crate) fn measured(request: &Request, pipeline: &Pipeline) {
    let _ = send(pipeline, request, &Deadline::after(Duration::from_secs(600)));
}
