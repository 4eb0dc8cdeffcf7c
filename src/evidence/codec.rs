//! Cells of one day as bytes: texts and shapes once, then users and numbers of variable length. A checksum ends the file.

use std::{collections::HashMap, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp, civil::Date};
use uuid::Uuid;

use super::start_of;
use crate::{
    sign_ins::records::Who,
    tenant::{Cell, CellPolicy, Mfa, Outcome, Protocol, Requirement, SignInKind, SignInShape, Text, UserId},
};

const MAGIC: &[u8] = b"mfaplan cells 1\n";

/// Writes the cells of one day. Equal input gives equal bytes.
pub(super) fn encode(day: Date, mut cells: Vec<(Who, Cell)>) -> Vec<u8> {
    cells.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.shape.cmp(&b.1.shape)));
    let mut texts = Texts::default();
    let mut shapes: HashMap<Arc<SignInShape>, u64> = HashMap::new();
    let mut shape_bytes = Vec::new();
    let mut users = Vec::new();
    let mut body = Vec::new();
    let mut user_count = 0_u64;
    let mut last: Option<Who> = None;
    for (who, cell) in &cells {
        if last.as_ref() != Some(who) {
            match who {
                Who::Id(id) => {
                    users.push(0);
                    users.extend(id.as_uuid().as_bytes());
                }
                Who::Name(name) => {
                    users.push(1);
                    number(&mut users, texts.index(name));
                }
            }
            user_count += 1;
            last = Some(who.clone());
        }
        let next = shapes.len() as u64;
        let shape = *shapes.entry(Arc::clone(&cell.shape)).or_insert_with(|| {
            write_shape(&cell.shape, &mut texts, &mut shape_bytes);
            next
        });
        let start = start_of(day);
        number(&mut body, user_count - 1);
        number(&mut body, shape);
        number(&mut body, u64::from(cell.hours));
        number(&mut body, u64::from(cell.count));
        number(&mut body, nanoseconds(cell.first.duration_since(start)));
        number(&mut body, nanoseconds(cell.last.duration_since(cell.first)));
        number(&mut body, (cell.addresses.len() as u64) << 1 | u64::from(cell.addresses_cut));
        cell.addresses.iter().for_each(|address| body.extend(address.to_be_bytes()));
    }
    let mut out = MAGIC.to_vec();
    let text = day.to_string();
    number(&mut out, text.len() as u64);
    out.extend(text.as_bytes());
    number(&mut out, texts.all.len() as u64);
    for text in &texts.all {
        number(&mut out, text.len() as u64);
        out.extend(text.as_bytes());
    }
    number(&mut out, shapes.len() as u64);
    out.extend(shape_bytes);
    number(&mut out, user_count);
    out.extend(users);
    number(&mut out, cells.len() as u64);
    out.extend(body);
    let sum = digest(&SHA256, &out);
    out.extend(&sum.as_ref()[..8]);
    out
}

fn nanoseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_nanos().max(0)).unwrap_or(u64::MAX)
}

/// Reads the cells of one day, and gives each away as it is read.
pub(super) fn decode(bytes: &[u8], mut each: impl FnMut(&Who, Cell)) -> Result<(), &'static str> {
    let Some((body, sum)) = bytes.split_last_chunk::<8>() else { return Err("it is cut off") };
    let Some(rest) = body.strip_prefix(MAGIC) else { return Err("it is no file of cells") };
    if digest(&SHA256, body).as_ref()[..8] != *sum {
        return Err("its checksum does not fit");
    }
    let mut input = Input(rest);
    let (day, users, shapes) = input.head().ok_or("it cannot be read")?;
    let count = input.number().ok_or("it cannot be read")?;
    for _ in 0..count {
        let (user, cell) = input.cell(day, &shapes).ok_or("it cannot be read")?;
        each(users.get(user).ok_or("it names a user it does not have")?, cell);
    }
    Ok(())
}

/// The users of a day, without their cells.
pub(super) fn users(bytes: &[u8]) -> Option<Vec<Who>> {
    let (body, _) = bytes.split_last_chunk::<8>()?;
    Input(body.strip_prefix(MAGIC)?).head().map(|(_, users, _)| users)
}

/// Texts by number.
#[derive(Default)]
struct Texts {
    all: Vec<Text>,
    known: HashMap<Text, u64>,
}

impl Texts {
    fn index(&mut self, text: &Text) -> u64 {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let index = self.all.len() as u64;
        self.all.push(text.clone());
        self.known.insert(text.clone(), index);
        index
    }

    /// Nothing is 0.
    fn maybe(&mut self, text: Option<&Text>) -> u64 {
        text.map_or(0, |text| self.index(text) + 1)
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_shape(shape: &SignInShape, texts: &mut Texts, out: &mut Vec<u8>) {
    let SignInShape {
        app,
        app_name,
        resource,
        client,
        kind,
        protocol,
        requirement,
        mfa,
        outcome,
        error_code,
        asked_by,
        policies,
        app_password,
        product,
    } = shape;
    let mfa_reason = match mfa {
        Mfa::None => 0,
        Mfa::Done => 1,
        Mfa::Claim => 2,
        Mfa::Skipped(reason) => 3 + texts.index(reason),
    };
    for value in [
        texts.index(app),
        texts.maybe(app_name.as_ref()),
        texts.maybe(resource.as_ref()),
        texts.index(client),
        *kind as u64,
        *protocol as u64,
        requirement.map_or(0, |one| one as u64 + 1),
        mfa_reason,
        *outcome as u64,
        error_code.map_or(0, |code| u64::from(code) + 1),
        u64::from(*app_password),
        texts.maybe(product.as_ref()),
    ] {
        number(out, value);
    }
    number(out, asked_by.as_ref().map_or(0, |all| all.len() as u64 + 1));
    for one in asked_by.iter().flatten() {
        number(out, texts.index(one));
    }
    number(out, policies.as_ref().map_or(0, |all| all.len() as u64 + 1));
    for CellPolicy { id, result } in policies.iter().flatten() {
        number(out, texts.index(id));
        number(out, texts.index(result));
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number of things that each take a byte at least: more than there are bytes left are not there.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    fn head(&mut self) -> Option<(Date, Vec<Who>, Vec<Arc<SignInShape>>)> {
        let day = self.text()?.parse().ok()?;
        let count = self.count()?;
        let texts = (0..count).map(|_| self.text().map(Text::from)).collect::<Option<Vec<_>>>()?;
        let count = self.count()?;
        let shapes = (0..count).map(|_| self.shape(&texts).map(Arc::new)).collect::<Option<Vec<_>>>()?;
        let count = self.count()?;
        let users = (0..count).map(|_| self.user(&texts)).collect::<Option<Vec<_>>>()?;
        Some((day, users, shapes))
    }

    fn user(&mut self, texts: &[Text]) -> Option<Who> {
        match self.bytes(1)? {
            [0] => Some(Who::Id(UserId::new(Uuid::from_slice(self.bytes(16)?).ok()?))),
            [1] => Some(Who::Name(texts.get(self.index()?)?.clone())),
            _ => None,
        }
    }

    fn index(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn shape(&mut self, texts: &[Text]) -> Option<SignInShape> {
        let text = |index: u64| texts.get(usize::try_from(index).ok()?).cloned();
        let maybe = |index: u64| if index == 0 { Some(None) } else { text(index - 1).map(Some) };
        let mut values = [0; 12];
        for value in &mut values {
            *value = self.number()?;
        }
        let [app, app_name, resource, client, kind, protocol, requirement, mfa, outcome, code, app_password, product] =
            values;
        let mut names = || -> Option<Option<Box<[Text]>>> {
            match self.count()? {
                0 => Some(None),
                more => {
                    let names = (1..more).map(|_| texts.get(self.index()?).cloned());
                    names.collect::<Option<_>>().map(Some)
                }
            }
        };
        let asked_by = names()?;
        let policies = match self.count()? {
            0 => None,
            more => {
                let mut one = || {
                    Some(CellPolicy {
                        id: texts.get(self.index()?)?.clone(),
                        result: texts.get(self.index()?)?.clone(),
                    })
                };
                Some((1..more).map(|_| one()).collect::<Option<_>>()?)
            }
        };
        Some(SignInShape {
            app: text(app)?,
            app_name: maybe(app_name)?,
            resource: maybe(resource)?,
            client: text(client)?,
            kind: word(SignInKind::ALL, kind)?,
            protocol: word(Protocol::ALL, protocol)?,
            requirement: if requirement == 0 { None } else { Some(word(Requirement::ALL, requirement - 1)?) },
            mfa: match mfa {
                0 => Mfa::None,
                1 => Mfa::Done,
                2 => Mfa::Claim,
                more => Mfa::Skipped(text(more - 3)?),
            },
            outcome: word(Outcome::ALL, outcome)?,
            error_code: if code == 0 { None } else { Some(u32::try_from(code - 1).ok()?) },
            asked_by,
            policies,
            app_password: app_password == 1,
            product: maybe(product)?,
        })
    }

    fn cell(&mut self, day: Date, shapes: &[Arc<SignInShape>]) -> Option<(usize, Cell)> {
        let user = self.index()?;
        let shape = Arc::clone(shapes.get(self.index()?)?);
        let hours = u32::try_from(self.number()?).ok()?;
        let count = u32::try_from(self.number()?).ok()?;
        let after =
            |at: Timestamp, nanos: u64| at.checked_add(SignedDuration::from_nanos(i64::try_from(nanos).ok()?)).ok();
        let first = after(start_of(day), self.number()?)?;
        let last = after(first, self.number()?)?;
        let packed = self.number()?;
        let number = usize::try_from(packed >> 1).ok()?;
        let bytes = self.bytes(number.checked_mul(8)?)?;
        let addresses = bytes.as_chunks::<8>().0.iter().map(|one| u64::from_be_bytes(*one)).collect();
        Some((user, Cell { day, shape, hours, addresses, addresses_cut: packed & 1 == 1, count, first, last }))
    }
}

fn word<T: Copy>(all: &[T], index: u64) -> Option<T> {
    all.get(usize::try_from(index).ok()?).copied()
}
