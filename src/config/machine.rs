//! What the machine allows this process: memory and descriptors, read from files that every Linux has.
//!
//! The cores are not here: the standard library's count already respects affinity and the CPU quota of either cgroup
//! version.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The memory that this process may use, in bytes: the tightest of its control groups, else all that the machine has.
/// `None` where nothing says.
pub(super) fn memory_bytes() -> Option<usize> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let files = limit_files(&groups);
    let limits = files.iter().filter_map(|file| limit(&fs::read_to_string(file).ok()?));
    let total = fs::read_to_string("/proc/meminfo").ok();
    limits.chain(total.and_then(|text| mem_total(&text))).min()
}

/// The descriptors that this process may have open.
pub(super) fn descriptors() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The files that may hold a limit for a process in these groups: its own group's and those of every group above it,
/// up to the root of the mount, which in a container is the container itself.
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (mount, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        files.extend(path.ancestors().map(|group| Path::new(mount).join(group).join(name)));
    }
    files
}

/// A limit as a control group writes it; version 1 writes a number beyond any memory for none, version 2 `max`.
fn limit(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|&bytes: &usize| bytes < 1 << 50)
}

fn mem_total(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_asked_up_to_the_root() {
        let names = |groups| -> Vec<String> {
            let files = limit_files(groups);
            files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(
            names("0::/pod/a\n"),
            [
                "/sys/fs/cgroup/pod/a/memory.max",
                "/sys/fs/cgroup/pod/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            names("5:cpu:/x\n4:memory:/a\n"),
            [
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
    }

    #[test]
    fn no_limit_is_told_from_a_limit() {
        assert_eq!(limit("268435456\n"), Some(256 << 20));
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("9223372036854771712\n"), None);
        assert_eq!(mem_total("MemTotal:       1024 kB\nMemFree: 1 kB\n"), Some(1 << 20));
    }

    #[test]
    fn this_machine_has_memory_and_descriptors() {
        assert!(memory_bytes() > Some(16 << 20));
        assert!(descriptors() > Some(8));
    }
}
