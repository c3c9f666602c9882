//! A filter list in EasyList's syntax that somebody mounts: read or refused, and then obeyed without harm.
#![no_main]

use copydesk_fuzz::{RuleSource, obey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| obey(RuleSource::FilterList, data));
