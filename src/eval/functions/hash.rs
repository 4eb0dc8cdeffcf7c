//! Digests.

use std::fmt::Write;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use super::{Args, Function, Outcome, Takes, function, param};
use crate::eval::Value;

const GROUP: &str = "Digests";
const STR: super::Param = param("str", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "base64sha256",
        GROUP,
        &[STR],
        base64sha256,
        "The SHA-256 digest of the UTF-8 bytes, in Base64.",
        "base64sha256(\"hello world\")",
    ),
    function(
        "base64sha512",
        GROUP,
        &[STR],
        base64sha512,
        "The SHA-512 digest of the UTF-8 bytes, in Base64.",
        "base64sha512(\"hello world\")",
    ),
    function(
        "md5",
        GROUP,
        &[STR],
        md5,
        "The MD5 digest of the UTF-8 bytes, in hexadecimal. Not for anything that must be safe.",
        "md5(\"hello world\")",
    ),
    function(
        "sha1",
        GROUP,
        &[STR],
        sha1,
        "The SHA-1 digest of the UTF-8 bytes, in hexadecimal. Not for anything that must be safe.",
        "sha1(\"hello world\")",
    ),
    function(
        "sha256",
        GROUP,
        &[STR],
        sha256,
        "The SHA-256 digest of the UTF-8 bytes, in hexadecimal.",
        "sha256(\"hello world\")",
    ),
    function(
        "sha512",
        GROUP,
        &[STR],
        sha512,
        "The SHA-512 digest of the UTF-8 bytes, in hexadecimal.",
        "sha512(\"hello world\")",
    ),
];

pub(super) fn hex(bytes: &[u8]) -> Value {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Value::string(text)
}

fn sha(algorithm: &'static Algorithm, args: &Args<'_, '_>) -> Outcome {
    Ok(hex(digest(algorithm, args.str(0)?.as_bytes()).as_ref()))
}

fn base64sha256(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(digest(&SHA256, args.str(0)?.as_bytes()))))
}

fn base64sha512(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(digest(&SHA512, args.str(0)?.as_bytes()))))
}

fn md5(args: &Args<'_, '_>) -> Outcome {
    Ok(hex(&Md5::digest(args.str(0)?.as_bytes())))
}

fn sha1(args: &Args<'_, '_>) -> Outcome {
    sha(&SHA1_FOR_LEGACY_USE_ONLY, args)
}

fn sha256(args: &Args<'_, '_>) -> Outcome {
    sha(&SHA256, args)
}

fn sha512(args: &Args<'_, '_>) -> Outcome {
    sha(&SHA512, args)
}
