//! A stream cut into lines, each within a bound.

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum InputLine {
    /// Its bytes. Blank lines are passed over.
    Whole(Vec<u8>),
    /// Longer than the bound; its bytes are gone.
    TooLong,
}

/// The longest line that is copied out of the buffer, which stays for the next ones.
const SPARE_BYTES: usize = 128 << 10;

/// Bytes that have come and make no line yet.
///
/// # Limits
/// Holds one line of the bound, and what came with its end.
#[derive(Debug)]
pub struct LineSplitter {
    limit_bytes: usize,
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where there is no end of it.
    searched: usize,
    /// The line that is coming is too long, and what comes of it is thrown away.
    skipping: bool,
}

impl LineSplitter {
    /// Lines of at most so many bytes.
    pub fn new(limit_bytes: usize) -> Self {
        LineSplitter {
            limit_bytes,
            bytes: Vec::new(),
            start: 0,
            searched: 0,
            skipping: false,
        }
    }

    /// Memory of the bytes that wait.
    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The memory that a piece of so many bytes would take beyond that.
    pub fn growth_bytes(&self, piece_bytes: usize) -> usize {
        match self.bytes.len() - self.start + piece_bytes <= self.bytes.capacity() {
            true => 0,
            false => self.bytes.capacity().max(piece_bytes),
        }
    }

    /// Takes in what has come. All lines are to be taken out before.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// The next line that is there to its end.
    pub fn next_line(&mut self) -> Option<InputLine> {
        loop {
            let Some(length) = memchr::memchr(b'\n', &self.bytes[self.searched..]) else {
                self.searched = self.bytes.len();
                if self.searched - self.start > self.limit_bytes {
                    self.skipping = true;
                    (self.start, self.searched) = (0, 0);
                    self.bytes = Vec::new();
                }
                return None;
            };
            let end = self.searched + length;
            let line = self.line(end, end + 1);
            if line.is_some() {
                return line;
            }
        }
    }

    /// The last line, where nothing ends it.
    pub fn last_line(&mut self) -> Option<InputLine> {
        self.line(self.bytes.len(), self.bytes.len())
    }

    /// The line up to byte `end`, where the next one begins at `next`.
    fn line(&mut self, end: usize, next: usize) -> Option<InputLine> {
        let start = std::mem::replace(&mut self.start, next);
        self.searched = next;
        let bytes = self.bytes[start..end].trim_ascii();
        if std::mem::take(&mut self.skipping) || bytes.len() > self.limit_bytes {
            return Some(InputLine::TooLong);
        }
        if bytes.len() <= SPARE_BYTES {
            return (!bytes.is_empty()).then(|| InputLine::Whole(bytes.to_vec()));
        }
        // A long line takes the buffer with it, so that it is never there twice.
        let rest = self.bytes.split_off(next);
        let mut line = std::mem::replace(&mut self.bytes, rest);
        (self.start, self.searched) = (0, 0);
        line.truncate(line[..end].trim_ascii_end().len());
        line.drain(..line.len() - line[start..].trim_ascii_start().len());
        line.shrink_to_fit();
        Some(InputLine::Whole(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(limit: usize, pieces: &[&str]) -> Vec<String> {
        let mut lines = LineSplitter::new(limit);
        let mut found = Vec::new();
        let told = |line| match line {
            InputLine::Whole(bytes) => String::from_utf8(bytes).expect("text"),
            InputLine::TooLong => "!".to_owned(),
        };
        for piece in pieces {
            lines.push(piece.as_bytes());
            while let Some(line) = lines.next_line() {
                found.push(told(line));
            }
            assert!(lines.held_bytes() <= 2 * limit + 64, "{}", lines.held_bytes());
        }
        found.extend(lines.last_line().map(told));
        found
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        let text = "{}\r\n\n  \n[1]\nabcdefghij\nabcdefghijk\n\nlast";
        let expected = ["{}", "[1]", "abcdefghij", "!", "last"];
        assert_eq!(all(10, &[text]), expected);
        for at in 1..text.len() {
            assert_eq!(all(10, &[&text[..at], &text[at..]]), expected, "cut at {at}");
        }
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(all(10, &bytes.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let piece = "x".repeat(50);
        let mut pieces = vec![piece.as_str(); 1000];
        pieces.push("\n{}\n");
        assert_eq!(all(100, &pieces), ["!", "{}"]);
        pieces.pop();
        assert_eq!(all(100, &pieces), ["!"]);
        assert_eq!(all(100, &["", "\n\n"]), [""; 0]);
    }
}
