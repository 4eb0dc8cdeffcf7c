//! The client assertion of a certificate: a JWT signed PS256, named by the certificate's SHA-256 thumbprint
//! ("Microsoft identity platform application authentication certificate credentials").

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PSS_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

use super::AuthError;

const METHOD: &str = "client certificate";
/// How long an assertion is good for. It is used at once.
const LIFETIME_SECONDS: i64 = 600;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(rename = "x5t#S256")]
    thumbprint: &'a str,
}

#[derive(Serialize)]
struct Payload<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    exp: i64,
}

/// Signs an assertion for `client` at `audience` (the token endpoint) with the PEM file at `path`.
pub(super) fn signed(path: &str, client: &str, audience: &str, now: Timestamp) -> Result<SecretString, AuthError> {
    let shown = path.escape_debug();
    let pem = std::fs::read(path).map_err(|error| AuthError::new(METHOD, format!("cannot read {shown}: {error}")))?;
    let (key, thumbprint) = parse(&pem, path)?;
    let now = now.as_second();
    let header = Header { alg: "PS256", typ: "JWT", thumbprint: &thumbprint };
    let payload = Payload {
        aud: audience,
        iss: client,
        sub: client,
        jti: Uuid::new_v4().to_string(),
        nbf: now,
        exp: now + LIFETIME_SECONDS,
    };
    let unsignable = |_| AuthError::new(METHOD, format!("{shown}: the key cannot sign"));
    let part = |json: Result<Vec<u8>, serde_json::Error>| B64.encode(json.unwrap_or_default());
    let mut jwt = format!("{}.{}", part(serde_json::to_vec(&header)), part(serde_json::to_vec(&payload)));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), jwt.as_bytes(), &mut signature).map_err(unsignable)?;
    jwt.push('.');
    jwt.push_str(&B64.encode(signature));
    Ok(jwt.into())
}

fn parse(pem: &[u8], path: &str) -> Result<(RsaKeyPair, String), AuthError> {
    let shown = path.escape_debug();
    let text = String::from_utf8_lossy(pem);
    if !text.contains("-----BEGIN") {
        return Err(AuthError::new(
            METHOD,
            format!("{shown} is not a PEM file (a .pfx or .p12 file has to be converted)"),
        )
        .hint(format!("openssl pkcs12 -in {shown} -out app.pem -nodes, then AZURE_CLIENT_CERTIFICATE_PATH=app.pem")));
    }
    if text.contains("ENCRYPTED") {
        return Err(AuthError::new(METHOD, format!("the private key in {shown} is encrypted"))
            .hint("openssl pkey -in app.pem -out plain.pem, and put the certificate beside it; keep the file unreadable for others"));
    }
    let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| {
        AuthError::new(METHOD, format!("{shown} holds no certificate"))
            .hint("the file needs both the certificate and its private key: cat app.crt app.key > app.pem")
    })?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        AuthError::new(METHOD, format!("{shown} holds no private key"))
            .hint("the file needs both the certificate and its private key: cat app.crt app.key > app.pem")
    })?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(AuthError::new(METHOD, format!("the key in {shown} is not an RSA key"))),
    };
    let key = key.map_err(|_| {
        AuthError::new(METHOD, format!("the private key in {shown} is not an RSA key of 2048 bits or more"))
    })?;
    Ok((key, B64.encode(digest::digest(&digest::SHA256, &certificate))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        encoding::AsDer,
        rsa::KeySize,
        signature::{self, KeyPair, UnparsedPublicKey},
    };
    use secrecy::ExposeSecret;

    fn pem(label: &str, der: &[u8]) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn an_assertion_is_signed_for_the_token_endpoint_and_names_the_certificate() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.pem");
        let text = pem("PRIVATE KEY", key.as_der().unwrap().as_ref()) + &pem("CERTIFICATE", b"any certificate");
        std::fs::write(&path, text).unwrap();
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let jwt = signed(path.to_str().unwrap(), "app", "https://login/t/oauth2/v2.0/token", at).unwrap();

        let (head, signature) = jwt.expose_secret().rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, key.public_key().as_ref())
            .verify(head.as_bytes(), &B64.decode(signature).unwrap())
            .expect("the signature is that of the key");
        let (header, payload) = head.split_once('.').unwrap();
        let json = |part| serde_json::from_slice::<serde_json::Value>(&B64.decode(part).unwrap()).unwrap();
        assert_eq!(json(header)["alg"], "PS256");
        assert_eq!(json(header)["x5t#S256"], B64.encode(digest::digest(&digest::SHA256, b"any certificate")));
        assert_eq!(json(payload)["aud"], "https://login/t/oauth2/v2.0/token");
        assert_eq!((&json(payload)["iss"], &json(payload)["sub"]), (&"app".into(), &"app".into()));
    }

    #[test]
    fn what_is_not_pem_says_how_to_convert_it() {
        let Err(error) = parse(b"\x30\x82\x01", "app.pfx") else { panic!("that is no PEM file") };
        assert!(error.hints[0].starts_with("openssl pkcs12 -in app.pfx"));
        let Err(error) = parse(pem("ENCRYPTED PRIVATE KEY", b"x").as_bytes(), "a.pem") else { panic!("encrypted") };
        assert!(error.to_string().contains("encrypted"));
    }
}
