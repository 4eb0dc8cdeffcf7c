//! Sign-ins as Log Analytics exports them: tables `SigninLogs` and `AADNonInteractiveUserSignInLogs` (Azure Monitor Logs
//! table reference). Rows are objects with Pascal-case members, or lists beside a list of columns; nested columns are
//! objects, or JSON in a text.

use std::{borrow::Cow, io::BufRead};

use jiff::{Timestamp, fmt::strtime};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::{
    csv::{Problem, Rows, each, place, timestamp},
    json::take,
    records::Sink,
    register::{Clerk, Kept, Register},
    wire::{SignIn, Str},
};
use crate::tenant::SignInKind;

/// A row, as far as it says something of a sign-in. `TenantId` is the workspace, so it is not among these.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LogRow<'a> {
    #[serde(borrow, alias = "TimeGenerated [UTC]")]
    time_generated: Str<'a>,
    #[serde(borrow, alias = "CreatedDateTime [UTC]")]
    created_date_time: Str<'a>,
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow)]
    category: Str<'a>,
    #[serde(borrow, rename = "Type")]
    table: Str<'a>,
    #[serde(borrow)]
    user_id: Str<'a>,
    #[serde(borrow)]
    user_principal_name: Str<'a>,
    #[serde(borrow)]
    app_id: Str<'a>,
    #[serde(borrow)]
    app_display_name: Str<'a>,
    #[serde(borrow)]
    resource_identity: Str<'a>,
    #[serde(borrow, rename = "IPAddress")]
    address: Str<'a>,
    #[serde(borrow)]
    client_app_used: Str<'a>,
    #[serde(borrow)]
    user_agent: Str<'a>,
    #[serde(borrow)]
    authentication_requirement: Str<'a>,
    #[serde(borrow)]
    authentication_protocol: Str<'a>,
    #[serde(borrow)]
    is_interactive: Option<Value<'a>>,
    #[serde(borrow)]
    result_type: Option<Value<'a>>,
    #[serde(borrow)]
    status: Option<Value<'a>>,
    #[serde(borrow)]
    authentication_details: Option<Value<'a>>,
    #[serde(borrow)]
    authentication_requirement_policies: Option<Value<'a>>,
    #[serde(borrow)]
    conditional_access_policies: Option<Value<'a>>,
    #[serde(borrow, rename = "AADTenantId")]
    tenant: Str<'a>,
    #[serde(borrow)]
    resource_tenant_id: Str<'a>,
    #[serde(borrow)]
    home_tenant_id: Str<'a>,
}

/// A value as JSON text: as it stands, or out of the text it was put into.
struct Value<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if !raw.starts_with('"') {
            return Ok(Self(Cow::Borrowed(raw)));
        }
        serde_json::from_str::<String>(raw).map(|text| Self(Cow::Owned(text))).map_err(D::Error::custom)
    }
}

impl Value<'_> {
    /// The JSON, where the text is some.
    fn json(&self) -> Option<&RawValue> {
        serde_json::from_str(self.0.trim()).ok()
    }
}

/// Takes a row down; `None` where it is no sign-in of a user.
pub(super) fn row(row: &LogRow<'_>, kind: Option<SignInKind>, clerk: &mut Clerk<'_>) -> Result<Option<Kept>, String> {
    let table = if row.table.0.is_empty() { &row.category.0 } else { &row.table.0 };
    let said = match &**table {
        one if one.eq_ignore_ascii_case("SigninLogs") => Some(SignInKind::Interactive),
        one if one.to_ascii_lowercase().contains("noninteractiveuser") => Some(SignInKind::NonInteractive),
        "" => None,
        _ => return Ok(None),
    };
    let interactive = row.is_interactive.as_ref().and_then(|value| match value.0.trim() {
        one if one.eq_ignore_ascii_case("true") || one == "1" => Some(SignInKind::Interactive),
        one if one.eq_ignore_ascii_case("false") || one == "0" => Some(SignInKind::NonInteractive),
        _ => None,
    });
    let time = [&row.created_date_time.0, &row.time_generated.0].into_iter().find(|text| !text.is_empty());
    let time = time.and_then(|text| written_time(text)).map(|at| at.to_string());
    let json = |value: &Option<Value<'_>>| value.as_ref().and_then(|one| one.json().map(ToOwned::to_owned));
    // Graph's own shape, so that one place says what a record means.
    let mut text = String::from("{");
    for (key, value) in [
        ("authenticationDetails", json(&row.authentication_details)),
        ("authenticationRequirementPolicies", json(&row.authentication_requirement_policies)),
        ("appliedConditionalAccessPolicies", json(&row.conditional_access_policies)),
        ("status", json(&row.status).filter(|one| one.get().starts_with('{'))),
    ] {
        if let Some(value) = value {
            let comma = if text.len() > 1 { "," } else { "" };
            text.push_str(&format!("{comma}\"{key}\":{}", value.get()));
        }
    }
    text.push('}');
    let nested: SignIn<'_> = serde_json::from_str(&text)
        .map_err(|error| format!("a nested column cannot be understood: {}", cut(&error.to_string())))?;
    let code = row.result_type.as_ref().and_then(|value| value.0.trim().parse().ok());
    let borrowed = |text: &'_ Str<'_>| text.0.to_string();
    let flat = SignIn::flat([
        borrowed(&row.id),
        borrowed(&row.user_id),
        borrowed(&row.user_principal_name),
        borrowed(&row.app_id),
        borrowed(&row.app_display_name),
        borrowed(&row.resource_identity),
        borrowed(&row.address),
        borrowed(&row.client_app_used),
        borrowed(&row.user_agent),
        borrowed(&row.authentication_requirement),
        borrowed(&row.authentication_protocol),
        borrowed(&row.resource_tenant_id),
        borrowed(&row.home_tenant_id),
    ]);
    let mut sign_in = flat.with(nested);
    let time = time.unwrap_or_default();
    sign_in.complete(&time, code);
    take(&sign_in, said.or(interactive).or(kind), Some(&row.tenant.0), clerk).map(Some)
}

fn cut(text: &str) -> &str {
    text.split(" at line ").next().unwrap_or_default()
}

/// RFC 3339, or as an export of a query writes columns in UTC: `11/20/2026, 8:12:03.000 AM`.
fn written_time(text: &str) -> Option<Timestamp> {
    timestamp(text).or_else(|| {
        let mut parsed = strtime::parse("%m/%d/%Y, %I:%M:%S%.f %p", text).ok()?;
        parsed.set_offset(Some(jiff::tz::Offset::UTC));
        parsed.to_timestamp().ok()
    })
}

/// Is it a table of Log Analytics, by its columns?
pub(super) fn is_table(header: &::csv::StringRecord) -> bool {
    place(header, &["TimeGenerated [UTC]", "TimeGenerated"]).is_some()
}

/// A table in CSV; how many rows are no sign-ins.
pub(super) fn read_table<R: BufRead>(
    rows: &mut Rows<R>,
    kind: Option<SignInKind>,
    register: &Register,
    sink: &mut dyn Sink,
) -> Result<u64, Problem> {
    let header = rows.header.clone();
    let at = |names: &[&str]| place(&header, names);
    let columns = [
        at(&["TimeGenerated [UTC]", "TimeGenerated"]),
        at(&["CreatedDateTime [UTC]", "CreatedDateTime"]),
        at(&["Id"]),
        at(&["Category"]),
        at(&["Type"]),
        at(&["UserId"]),
        at(&["UserPrincipalName"]),
        at(&["AppId"]),
        at(&["AppDisplayName"]),
        at(&["ResourceIdentity"]),
        at(&["IPAddress"]),
        at(&["ClientAppUsed"]),
        at(&["UserAgent"]),
        at(&["AuthenticationRequirement"]),
        at(&["AuthenticationProtocol"]),
        at(&["AADTenantId"]),
        at(&["ResourceTenantId"]),
        at(&["HomeTenantId"]),
    ];
    let nested = [
        at(&["IsInteractive"]),
        at(&["ResultType"]),
        at(&["Status"]),
        at(&["AuthenticationDetails"]),
        at(&["AuthenticationRequirementPolicies"]),
        at(&["ConditionalAccessPolicies"]),
    ];
    each(rows, register, sink, |one, clerk| {
        let cell = |index: Option<usize>| index.map_or("", |index| one.get(index).unwrap_or_default().trim());
        let [
            time,
            created,
            id,
            category,
            table,
            user,
            name,
            app,
            app_name,
            resource,
            address,
            client,
            agent,
            needs,
            protocol,
            tenant,
            resource_tenant,
            home,
        ] = columns.map(|index| Str(Cow::Borrowed(cell(index))));
        let [interactive, result, status, details, asked, policies] = nested
            .map(|index| Some(cell(index)).filter(|text| !text.is_empty()).map(|text| Value(Cow::Borrowed(text))));
        let row = LogRow {
            time_generated: time,
            created_date_time: created,
            id,
            category,
            table,
            user_id: user,
            user_principal_name: name,
            app_id: app,
            app_display_name: app_name,
            resource_identity: resource,
            address,
            client_app_used: client,
            user_agent: agent,
            authentication_requirement: needs,
            authentication_protocol: protocol,
            is_interactive: interactive,
            result_type: result,
            status,
            authentication_details: details,
            authentication_requirement_policies: asked,
            conditional_access_policies: policies,
            tenant,
            resource_tenant_id: resource_tenant,
            home_tenant_id: home,
        };
        self::row(&row, kind, clerk)
    })
}

/// A column of a result's table.
#[derive(Deserialize)]
pub(super) struct Column {
    name: String,
}

/// Takes down a row of a result's table, which is a list of values.
pub(super) fn values(
    columns: &[Column],
    values: &[&RawValue],
    kind: Option<SignInKind>,
    clerk: &mut Clerk<'_>,
) -> Result<Option<Kept>, String> {
    if values.len() != columns.len() {
        return Err(format!("it has {} values, and the table {} columns", values.len(), columns.len()));
    }
    let mut text = String::from("{");
    for (column, value) in columns.iter().zip(values) {
        let comma = if text.len() > 1 { "," } else { "" };
        let name = serde_json::to_string(&column.name).map_err(|error| error.to_string())?;
        text.push_str(&format!("{comma}{name}:{}", value.get()));
    }
    text.push('}');
    let one = serde_json::from_str(&text)
        .map_err(|error: serde_json::Error| format!("it is not a sign-in: {}", cut(&error.to_string())))?;
    row(&one, kind, clerk)
}
