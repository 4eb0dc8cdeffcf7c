//! For a terminal.

use std::io::{self, Write};

use super::{COLUMNS, status};
use crate::{
    escape,
    fleet::{Report, Row},
    render::words,
};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report { fleet, digest, totals, tenants } = report;
    writeln!(out, "Fleet {}: {}", escape::text(fleet), words::count(totals.tenants, "tenant"))?;
    let width = tenants.iter().map(|row| row.tenant.chars().count()).max().unwrap_or(0).max("tenant".len());
    let rings = tenants.iter().filter_map(|row| row.ring.as_ref()).map(|ring| ring.chars().count()).max();
    write!(out, "\n  {:width$}", "tenant")?;
    if let Some(rings) = rings {
        write!(out, "  {:rings$}", "ring", rings = rings.max(4))?;
    }
    for (name, _) in COLUMNS {
        write!(out, "  {name:>8}")?;
    }
    writeln!(out, "  ")?;
    for row in tenants {
        write!(out, "  {:width$}", escape::text(&row.tenant))?;
        if let Some(rings) = rings {
            let ring = row.ring.as_deref().unwrap_or("–");
            write!(out, "  {:rings$}", escape::text(ring), rings = rings.max(4))?;
        }
        for (_, value) in COLUMNS {
            match value(row) {
                0 => write!(out, "  {:>8}", "·")?,
                value => write!(out, "  {value:>8}")?,
            }
        }
        writeln!(out, "  {}", note(row))?;
    }
    writeln!(out, "\nSet {digest}")?;
    if totals.errors > 0 {
        writeln!(
            out,
            "{} could not be planned, and stand in no approval of this set.",
            words::count(totals.errors, "tenant")
        )?;
    }
    Ok(())
}

fn note(row: &Row) -> String {
    match &row.error {
        Some(error) => format!("error: {}", escape::text(error.lines().next().unwrap_or_default())),
        None if row.blind.is_empty() => status(row).to_owned(),
        None => format!("{} (blind: {})", status(row), row.blind.join(", ")),
    }
}
