//! Error bodies and headers as they were captured or documented.

use serde_json::{Value, json};

/// One answer of the fake, before it is sent or put into a batch.
pub struct Reply {
    pub status: u16,
    pub body: Option<Value>,
    pub headers: Vec<(&'static str, String)>,
    /// Until when it asks to wait.
    pub until: Option<super::faults::Due>,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), headers: Vec::new(), until: None }
    }

    pub fn no_content() -> Self {
        Self { status: 204, body: None, headers: Vec::new(), until: None }
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let ids = json!({"date": "2026-11-20T08:00:00", "request-id": uuid::Uuid::new_v4().to_string()});
        let body = json!({"error": {"code": code, "message": message, "innerError": ids}});
        Self { status, body: Some(body), headers: Vec::new(), until: None }
    }

    pub fn throttled() -> Self {
        let mut reply = Self::error(429, "TooManyRequests", "Please retry again later.");
        reply.headers.push(("x-ms-throttle-information", "ResourceUnitLimitExceeded".to_owned()));
        reply
    }

    pub fn not_found(what: &str) -> Self {
        Self::error(
            404,
            "Request_ResourceNotFound",
            &format!(
                "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    pub fn no_premium() -> Self {
        Self::error(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    }

    pub fn no_p2() -> Self {
        Self::error(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        )
    }

    /// 403 in the shape of the endpoint's own back end.
    pub fn denied(path: &str) -> Self {
        if path.contains("ScheduleInstances") {
            let inner = json!({"errorCode": "PermissionScopeNotGranted",
                "message": "Authorization failed due to missing permission scope.", "instanceAnnotations": []});
            return Self::error(403, "UnknownError", &inner.to_string());
        }
        if path.starts_with("/reports") || path.starts_with("/auditLogs") {
            return Self::error(
                403,
                "Authentication_MSGraphPermissionMissing",
                "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All",
            );
        }
        if path.contains("/authentication/") {
            return Self::error(403, "accessDenied", "Request Authorization failed");
        }
        if path.starts_with("/policies") || path.starts_with("/identity") {
            return Self::error(
                403,
                "AccessDenied",
                "You cannot perform the requested operation, required scopes are missing in the token.",
            );
        }
        Self::error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
