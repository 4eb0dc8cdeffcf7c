//! The floor: the plainest typed `serde_json` parse that has every fact of a snapshot in memory. Its strings borrow from
//! the file, which stays in memory.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "read by the parser only")]

use std::collections::HashMap;

use serde::Deserialize;

/// Parses a snapshot and counts its users.
///
/// # Errors
/// When it is none.
pub fn parse(text: &[u8]) -> serde_json::Result<usize> {
    // Told that the file is UTF-8, `serde_json` need not look at each string by itself.
    let text = std::str::from_utf8(text).map_err(serde::de::Error::custom)?;
    let document: Document<'_> = serde_json::from_str(text)?;
    Ok(std::hint::black_box(document).users.len())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    captured_at: &'a str,
    #[serde(borrow)]
    users: Vec<User<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct User<'a> {
    #[serde(borrow)]
    id: &'a str,
    user_principal_name: &'a str,
    per_user_mfa_state: Option<&'a str>,
    display_name: Option<&'a str>,
    mail: Option<&'a str>,
    given_name: Option<&'a str>,
    surname: Option<&'a str>,
    department: Option<&'a str>,
    job_title: Option<&'a str>,
    company_name: Option<&'a str>,
    country: Option<&'a str>,
    office_location: Option<&'a str>,
    employee_id: Option<&'a str>,
    employee_type: Option<&'a str>,
    user_type: Option<&'a str>,
    account_enabled: Option<bool>,
    on_premises_sync_enabled: Option<bool>,
    created_date_time: Option<&'a str>,
    password_policies: Option<&'a str>,
    last_password_change_date_time: Option<&'a str>,
    licenses: Option<Vec<&'a str>>,
    mailbox_purpose: Option<&'a str>,
    is_mfa_registered: Option<bool>,
    is_mfa_capable: Option<bool>,
    methods_registered: Option<Vec<&'a str>>,
    device_count: Option<u32>,
    member_of: Option<Vec<&'a str>>,
    directory_roles: Option<Vec<Role<'a>>>,
    last_sign_in_date_time: Option<&'a str>,
    last_interactive_sign_in_date_time: Option<&'a str>,
    sign_ins: Option<SignIns<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role<'a> {
    #[serde(borrow)]
    template_id: &'a str,
    display_name: &'a str,
    permanent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIns<'a> {
    window_days: Option<u16>,
    interactive: Option<u32>,
    interactive_mfa: Option<u32>,
    non_interactive: Option<u32>,
    failed: Option<u32>,
    ropc: Option<u32>,
    app_password: Option<u32>,
    distinct_ips: Option<u32>,
    active_hours: Option<u8>,
    weekend_share: Option<f32>,
    #[serde(borrow)]
    legacy: Option<HashMap<&'a str, Legacy<'a>>>,
    #[serde(borrow)]
    apps: Option<Vec<App<'a>>>,
    #[serde(borrow)]
    clients: Option<Vec<&'a str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Legacy<'a> {
    count: u32,
    #[serde(borrow)]
    last: Option<&'a str>,
    distinct_ips: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App<'a> {
    #[serde(borrow)]
    id: &'a str,
    display_name: Option<&'a str>,
    count: u32,
}
