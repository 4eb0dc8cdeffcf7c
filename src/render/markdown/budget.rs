//! Bytes that may still be written, and a count of what found no room.

use super::super::words;

#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    cut: u64,
}

impl Budget {
    pub(super) const fn new(left: usize) -> Self {
        Self { left, cut: 0 }
    }

    /// Takes the bytes of a whole piece, if they are there.
    pub(super) const fn take(&mut self, piece: &str) -> bool {
        match self.left.checked_sub(piece.len()) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// A frame and as many of `items` as fit into it, then `more(how many did not)`. `None` where not even the frame and
    /// that count fit; then all are counted as cut.
    pub(super) fn list(
        &mut self,
        (open, close): (&str, &str),
        total: usize,
        items: impl Iterator<Item = String>,
        more: impl Fn(u64) -> String,
    ) -> Option<String> {
        let frame = open.len() + close.len() + more(u64::MAX).len();
        if self.left < frame {
            self.cut += total as u64;
            return None;
        }
        self.left -= frame;
        let mut out = open.to_owned();
        let mut shown = 0;
        for item in items {
            if !self.take(&item) {
                break;
            }
            out.push_str(&item);
            shown += 1;
        }
        let rest = total.saturating_sub(shown) as u64;
        if rest > 0 {
            out.push_str(&more(rest));
            self.cut += rest;
        }
        out.push_str(close);
        Some(out)
    }

    /// The sentence that says how much is not shown; empty where nothing is cut.
    pub(super) fn note(&self) -> String {
        if self.cut == 0 {
            return String::new();
        }
        format!(
            "\n> **{} not listed here** for want of room, the worst being listed first. The HTML report and \
             `mfaplan show` have them all.\n",
            words::count(self.cut, "line")
        )
    }
}
