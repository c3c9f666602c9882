//! Files that the operator names, read whole and within a bound.
//!
//! Only regular files: a pipe or a device would hang the start, or a reload, until something writes to it, or never
//! end. Links are followed, since mounted secrets are links.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

/// Reads a regular file of at most `limit_bytes`.
///
/// # Errors
/// The system's, `InvalidInput` for what is no regular file, and `FileTooLarge`.
pub fn read(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    // Before it is opened, which alone can hang.
    if !fs::metadata(path)?.is_file() {
        let why = "not a regular file; pipes, devices and folders are not read";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let mut bytes = Vec::new();
    // The size that a file says it has need not hold: it may grow, and those of /proc have none.
    File::open(path)?.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        let why = format!("larger than {limit_bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_bound_are_read() {
        let folder = std::env::temp_dir().join(format!("copydesk-files-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("file");
        fs::write(&file, "12345").expect("a file");
        assert_eq!(read(&file, 5).expect("it fits"), b"12345");
        let kind = |path: &Path, limit| read(path, limit).expect_err("refused").kind();
        assert_eq!(kind(&file, 4), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(&folder, 5), io::ErrorKind::InvalidInput);
        assert_eq!(kind(Path::new("/dev/zero"), 5), io::ErrorKind::InvalidInput);
        assert_eq!(kind(&folder.join("none"), 5), io::ErrorKind::NotFound);
        #[cfg(unix)]
        {
            let link = folder.join("link");
            std::os::unix::fs::symlink(&file, &link).expect("a link");
            assert_eq!(read(&link, 5).expect("links are followed"), b"12345");
        }
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
