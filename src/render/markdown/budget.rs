//! Names under heads that are there already: the room that is left, given away fairly.

use super::super::words;

/// A head that is always there, and the names that go under it as far as there is room.
pub(super) struct Section<'a> {
    /// Everything up to the first name; never empty.
    pub(super) open: String,
    /// Everything after the last name.
    pub(super) close: &'static str,
    /// How many names there are.
    pub(super) total: usize,
    /// The name at a position, with what is said of it.
    pub(super) line: Box<dyn Fn(usize) -> String + 'a>,
    /// Names of those who will be written come before names of those who will not.
    pub(super) first: bool,
    /// How names that found no room are counted.
    pub(super) more: &'static str,
    names: String,
    shown: usize,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        (open, close): (String, &'static str),
        more: &'static str,
        total: usize,
        first: bool,
        line: impl Fn(usize) -> String + 'a,
    ) -> Self {
        Self { open, close, total, line: Box::new(line), first, more, names: String::new(), shown: 0 }
    }

    /// A head without names.
    pub(super) fn bare(open: String) -> Self {
        Self::new((open, ""), "", 0, false, |_| String::new())
    }

    /// The bytes that are taken whatever is named: the head, the end, and a count of those left out.
    pub(super) fn fixed(&self) -> usize {
        self.open.len() + self.close.len() + self.more.len() + COUNT
    }

    /// Names as many as fit into `room`; the bytes taken.
    fn fill(&mut self, room: usize) -> usize {
        let mut taken = 0;
        while self.shown < self.total {
            let line = (self.line)(self.shown);
            if taken + line.len() > room {
                break;
            }
            taken += line.len();
            self.names.push_str(&line);
            self.shown += 1;
        }
        taken
    }

    fn left(&self) -> u64 {
        (self.total - self.shown) as u64
    }

    /// Appends the section.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(&self.open);
        out.push_str(&self.names);
        if self.left() > 0 {
            out.push_str(&self.more.replacen("{}", &words::number(self.left()), 1));
        }
        out.push_str(self.close);
    }
}

/// As long as the largest count of names that are left out.
const COUNT: usize = 20;

/// Gives `room` bytes to the names of all sections: first to those who will be written, then to the others. Within each
/// kind everybody gets the same share, and what one section does not need goes to those that do.
///
/// Returns how many names found no room.
pub(super) fn share(sections: &mut [Section<'_>], mut room: usize) -> u64 {
    // Of many who will be written not all names fit; those who will not be still get a part, and give back the rest.
    let part = |room: usize| room / 4 * 3;
    for (first, all) in [(true, false), (false, true), (true, true)] {
        let reserved = if all { 0 } else { room - part(room) };
        loop {
            let wanting = sections.iter().filter(|one| one.first == first && one.left() > 0).count();
            if wanting == 0 {
                break;
            }
            let each = room.saturating_sub(reserved) / wanting;
            let mut taken = 0;
            for one in sections.iter_mut().filter(|one| one.first == first && one.left() > 0) {
                taken += one.fill(each);
            }
            room -= taken;
            // What is left over is less than a line each.
            if taken == 0 {
                break;
            }
        }
    }
    sections.iter().map(Section::left).sum()
}

/// The sentence that says how much is not shown; empty where everybody is named.
pub(super) fn note(cut: u64) -> String {
    if cut == 0 {
        return String::new();
    }
    format!(
        "\n> **{} not listed here** for want of room; every cause and every group is. The HTML report and \
         `mfaplan show` have them all.\n",
        words::count(cut, "line")
    )
}
