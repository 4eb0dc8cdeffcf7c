//! RSA signatures of SSH (RFC 8332), made and checked by aws-lc-rs.
//!
//! `ssh-key` could do it with the `rsa` crate, whose private operation takes a time that tells of the key
//! (RUSTSEC-2023-0071, <https://rustsec.org/advisories/RUSTSEC-2023-0071>). aws-lc-rs is in the program for TLS already.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeyPairComponents, PublicKeyComponents},
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA512, RsaParameters},
};
use num_bigint::BigUint;
use ssh_key::{Algorithm, Error, HashAlg, Mpint, SshSig, private::RsaKeypair, public::RsaPublicKey};

/// Signs a message in a namespace. SHA-512 is what ssh-keygen uses.
///
/// # Errors
/// When the key is no RSA key of 2,048 to 8,192 bits.
pub(super) fn sign(key: &RsaKeypair, namespace: &str, message: &[u8]) -> Result<SshSig, Error> {
    let (public, private) = (&key.public, &key.private);
    let d = BigUint::from_bytes_be(positive(&private.d)?);
    // OpenSSH's format leaves these two out, for they follow from the others.
    let exponent = |prime: &Mpint| {
        let prime = BigUint::from_bytes_be(positive(prime)?);
        if prime <= BigUint::from(1_u8) { Err(Error::Crypto) } else { Ok((&d % (prime - 1_u8)).to_bytes_be()) }
    };
    let (p_exponent, q_exponent) = (exponent(&private.p)?, exponent(&private.q)?);
    let pair = KeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents { n: positive(&public.n)?, e: positive(&public.e)? },
        d: positive(&private.d)?,
        p: positive(&private.p)?,
        q: positive(&private.q)?,
        dP: &p_exponent,
        dQ: &q_exponent,
        qInv: positive(&private.iqmp)?,
    })
    .map_err(|_| Error::Crypto)?;
    let data = SshSig::signed_data(namespace, HashAlg::Sha512, message)?;
    let mut signed = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), &data, &mut signed).map_err(|_| Error::Crypto)?;
    let signature = ssh_key::Signature::new(Algorithm::Rsa { hash: Some(HashAlg::Sha512) }, signed)?;
    SshSig::new(public.clone().into(), namespace, HashAlg::Sha512, signature)
}

/// Whether this key signed this message in this namespace. SHA-1 does not count, nor does a key under 2,048 bits.
pub(super) fn verifies(key: &RsaPublicKey, namespace: &str, message: &[u8], signature: &SshSig) -> bool {
    let parameters: &RsaParameters = match signature.signature().algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => &RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let checked = || {
        let public = PublicKeyComponents { n: positive(&key.n).ok()?, e: positive(&key.e).ok()? };
        let data = SshSig::signed_data(namespace, signature.hash_alg(), message).ok()?;
        public.verify(parameters, &data, signature.signature_bytes()).ok()
    };
    signature.namespace() == namespace && checked().is_some()
}

fn positive(number: &Mpint) -> Result<&[u8], Error> {
    number.as_positive_bytes().ok_or(Error::Crypto)
}
