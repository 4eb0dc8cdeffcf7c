//! Ids of records: eight bytes each, sorted, in one file a day and kind.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    iter::Peekable,
};

/// The ids of a file, in order.
pub(super) struct Ids(BufReader<File>);

impl Ids {
    pub(super) fn of(file: File) -> Self {
        Self(BufReader::with_capacity(1 << 16, file))
    }
}

impl Iterator for Ids {
    type Item = io::Result<u64>;

    fn next(&mut self) -> Option<io::Result<u64>> {
        let mut bytes = [0; 8];
        match self.0.read_exact(&mut bytes) {
            Ok(()) => Some(Ok(u64::from_be_bytes(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// Writes both, which have none in common, in order.
pub(super) fn merged(new: &[u64], ids: impl Iterator<Item = io::Result<u64>>, out: &mut dyn Write) -> io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut ids: Peekable<_> = ids.peekable();
    let mut new = new.iter().copied().peekable();
    let mut count = 0;
    loop {
        let old = match ids.peek() {
            Some(Ok(id)) => Some(*id),
            Some(Err(_)) => {
                return ids.next().unwrap_or(Ok(0)).map(|_| count);
            }
            None => None,
        };
        let next = match (old, new.peek().copied()) {
            (Some(old), Some(one)) if one < old => new.next(),
            (Some(_), _) => {
                ids.next();
                old
            }
            (None, Some(_)) => new.next(),
            (None, None) => break,
        };
        if let Some(id) = next {
            out.write_all(&id.to_be_bytes())?;
            count += 1;
        }
    }
    out.flush()?;
    Ok(count)
}
