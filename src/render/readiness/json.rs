//! One JSON document.

use std::{io, io::Write};

use super::v1::Document;
use crate::readiness::Report;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &Document::from(report)).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()
}
