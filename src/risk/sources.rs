//! The pages that rules rest on, by title. One table, so that an address is written, and mended, once.

/// Titles and addresses.
const PAGES: &[(&str, &str)] = &[
    ("Agent users in Microsoft Entra Agent ID", "https://learn.microsoft.com/entra/agent-id/agent-users"),
    (
        "Authentication and Conditional Access for Microsoft Entra External ID",
        "https://learn.microsoft.com/entra/external-id/authentication-conditional-access",
    ),
    (
        "Authentication methods in Microsoft Entra ID: phone options",
        "https://learn.microsoft.com/entra/identity/authentication/concept-authentication-phone-options",
    ),
    (
        "Authentication methods: phishing-resistant MFA for administrators",
        "https://learn.microsoft.com/entra/identity/conditional-access/policy-admin-phish-resistant-mfa",
    ),
    (
        "Block legacy authentication with Conditional Access",
        "https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication",
    ),
    (
        "Building a Conditional Access policy",
        "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policies",
    ),
    (
        "Bulk enrollment for Windows devices",
        "https://learn.microsoft.com/intune/intune-service/enrollment/windows-bulk-enroll",
    ),
    (
        "Conditional Access authentication strengths",
        "https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths",
    ),
    (
        "Conditional Access: Users, groups, agents, and workload identities",
        "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups",
    ),
    (
        "conditionalAccessPolicyPlan resource type",
        "https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicyplan?view=graph-rest-beta",
    ),
    (
        "Configure Microsoft Entra multifactor authentication settings: trusted IPs",
        "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-mfasettings#trusted-ips",
    ),
    (
        "Configure Temporary Access Pass",
        "https://learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass",
    ),
    (
        "Convert users from per-user MFA to Conditional Access",
        "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-getstarted",
    ),
    (
        "Create a shared mailbox: block sign-in for the shared mailbox account",
        "https://learn.microsoft.com/microsoft-365/admin/email/create-a-shared-mailbox",
    ),
    ("Custom controls (preview)", "https://learn.microsoft.com/entra/identity/conditional-access/controls"),
    (
        "Deploy frontline solutions: authentication for frontline workers",
        "https://learn.microsoft.com/entra/identity/users/concept-frontline-worker",
    ),
    (
        "Enforce Microsoft Entra multifactor authentication with legacy applications using app passwords",
        "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-app-passwords",
    ),
    (
        "Exchange Online to retire Basic auth for Client Submission (SMTP AUTH)",
        "https://techcommunity.microsoft.com/blog/exchange/exchange-online-to-retire-basic-auth-for-client-submission-smtp-auth/4114750",
    ),
    (
        "How to migrate MFA and SSPR policy settings to the Authentication methods policy",
        "https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-methods-manage",
    ),
    (
        "How to: Enable per-user multifactor authentication (Microsoft Entra ID)",
        "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates",
    ),
    (
        "How to: Manage inactive user accounts",
        "https://learn.microsoft.com/entra/identity/monitoring-health/howto-manage-inactive-user-accounts",
    ),
    (
        "Manage an external authentication method in Microsoft Entra ID",
        "https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-external-method-manage",
    ),
    (
        "Manage emergency access accounts in Microsoft Entra ID",
        "https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access",
    ),
    (
        "Microsoft Entra Connect: Accounts and permissions",
        "https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-accounts-permissions",
    ),
    (
        "Microsoft Entra Connect: Application-based authentication",
        "https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id",
    ),
    (
        "Microsoft identity platform and OAuth 2.0 Resource Owner Password Credentials",
        "https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc",
    ),
    (
        "List policies (conditionalAccessRoot)",
        "https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies",
    ),
    (
        "Microsoft-managed Conditional Access policies",
        "https://learn.microsoft.com/entra/identity/conditional-access/managed-policies",
    ),
    (
        "Plan a Microsoft Entra multifactor authentication deployment",
        "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-getstarted",
    ),
    (
        "Planning for mandatory multifactor authentication for Azure and other admin portals",
        "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication",
    ),
    (
        "Power Automate: support for service principal owned flows",
        "https://learn.microsoft.com/power-automate/service-principal-support",
    ),
    (
        "Resource mailboxes in Exchange Online",
        "https://learn.microsoft.com/exchange/recipients-in-exchange-online/manage-resource-mailboxes",
    ),
    (
        "Securing user-based service accounts in Microsoft Entra ID",
        "https://learn.microsoft.com/entra/architecture/secure-service-accounts",
    ),
    ("Security defaults in Microsoft Entra ID", "https://learn.microsoft.com/entra/fundamentals/security-defaults"),
    (
        "Sign in to a Windows virtual machine in Azure by using Microsoft Entra ID",
        "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
    ),
    (
        "Supported Conditional Access and Intune device compliance policies for Microsoft Teams Rooms",
        "https://learn.microsoft.com/microsoftteams/rooms/supported-ca-and-compliance-policies",
    ),
    (
        "authenticationStrengthPolicy resource type (Microsoft Graph)",
        "https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy",
    ),
    (
        "internalDomainFederation resource type (Microsoft Graph)",
        "https://learn.microsoft.com/graph/api/resources/internaldomainfederation",
    ),
    (
        "strongAuthenticationRequirements resource type (Microsoft Graph)",
        "https://learn.microsoft.com/graph/api/resources/strongauthenticationrequirements",
    ),
    ("user resource type (Microsoft Graph)", "https://learn.microsoft.com/graph/api/resources/user"),
    (
        "userRegistrationDetails resource type (Microsoft Graph)",
        "https://learn.microsoft.com/graph/api/resources/userregistrationdetails",
    ),
];

/// The address of a page; empty where the table lacks it, which a test forbids.
#[must_use]
pub(crate) fn address(title: &str) -> &'static str {
    PAGES.iter().find(|(known, _)| *known == title).map_or("", |(_, address)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_an_address_and_every_page_a_rule() {
        let used: Vec<&str> = crate::risk::registry().iter().flat_map(|rule| rule.doc.sources).copied().collect();
        for title in &used {
            assert!(address(title).starts_with("https://"), "{title}");
        }
        for (title, _) in PAGES {
            assert!(used.contains(title), "no rule rests on {title}");
        }
    }
}
