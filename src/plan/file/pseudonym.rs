//! Ids in public places.
//!
//! A redacted plan names no user and no tenant. Its ids are still ids, so that it stays a [`Plan`](crate::plan::Plan)
//! and every renderer works on it, but they are made of a hash and a fixed tail that no directory hands out: an RFC 9562
//! version 8 UUID that spells "redacted". Wherever an id is written, such a one is written as its pseudonym.

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use super::checksum::hex;
use crate::tenant::{TenantId, UserId};

/// `re` · version 8, `d` · variant 8, `ac` `t` `ed`, zeros: bytes 4 to 15.
const TAIL: [u8; 12] = [0x72, 0x65, 0x86, 0x41, 0x83, 0x74, 0x65, 0x64, 0, 0, 0, 0];

/// The id that stands for this user: the first four bytes of SHA-256 of user id and tenant id, as text one after the
/// other, and the fixed tail. The tenant's id is part of it so that the same guest cannot be followed across tenants.
#[must_use]
pub(crate) fn pseudonymous_user(user: UserId, tenant: TenantId) -> UserId {
    UserId::new(of(&format!("{user}{tenant}")))
}

/// The id that stands for this tenant.
#[must_use]
pub(crate) fn pseudonymous_tenant(tenant: TenantId) -> TenantId {
    TenantId::new(of(&format!("{tenant}")))
}

/// The id as it is shown: the GUID, or `user-` and eight hex digits where it is a pseudonym.
#[must_use]
pub(crate) fn user_id_text(id: UserId) -> String {
    text(id.as_uuid(), "user-")
}

/// The id as it is shown: the GUID, or `tenant-` and eight hex digits where it is a pseudonym.
#[must_use]
pub(crate) fn tenant_id_text(id: TenantId) -> String {
    text(id.as_uuid(), "tenant-")
}

fn of(name: &str) -> Uuid {
    let hash = digest(&SHA256, name.as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.as_ref().iter().take(4).chain(&TAIL)) {
        *to = *from;
    }
    Uuid::from_bytes(bytes)
}

fn text(id: Uuid, prefix: &str) -> String {
    match id.as_bytes().split_at(4) {
        (head, tail) if tail == TAIL => format!("{prefix}{}", hex(head)),
        _ => id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned(),
    }
}
