//! Names of Microsoft's own applications, so that a gap can be said in words.

/// Ids and names (Microsoft, "Application IDs of commonly used Microsoft applications" and "Conditional Access: Target
/// resources", <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps>).
const KNOWN: &[(&str, &str)] = &[
    ("Office365", "Office 365"),
    ("MicrosoftAdminPortals", "Microsoft Admin Portals"),
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    ("00000004-0000-0ff1-ce00-000000000000", "Skype for Business Online"),
    ("00000005-0000-0ff1-ce00-000000000000", "Viva Engage"),
    ("00000006-0000-0ff1-ce00-000000000000", "Microsoft Office 365 Portal"),
    ("00000007-0000-0000-c000-000000000000", "Dynamics CRM Online"),
    ("00000009-0000-0000-c000-000000000000", "Power BI Service"),
    ("0000000a-0000-0000-c000-000000000000", "Microsoft Intune"),
    ("d4ebce55-015a-49b5-a083-c84d1797ae8c", "Microsoft Intune Enrollment"),
    ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"),
    ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"),
    ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
    ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
    ("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"),
    ("45a330b1-b1ec-4cc1-9161-9f03992aa49f", "Windows Store for Business"),
    ("a4a365df-50f1-4397-bc59-1a1564b8bb9c", "Microsoft Remote Desktop"),
    ("270efc09-cd0d-444b-a71f-39af4910ec45", "Windows Cloud Login"),
    ("9cdead84-a844-4324-93f2-b2e6bb768d07", "Azure Virtual Desktop"),
    ("0af06dc6-e4b5-4f28-818e-e78e62d137a5", "Windows 365"),
    ("372140e0-b3b7-4226-8ef9-d57986796201", "Microsoft Azure Windows Virtual Machine Sign-in"),
    ("ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0", "Microsoft Azure Linux Virtual Machine Sign-In"),
    ("7df0a125-d3be-4c96-aa54-591f83ff541c", "Microsoft Flow Service"),
    ("475226c6-020e-4fb2-8a90-7a972cbfc1d4", "Microsoft PowerApps Service"),
    ("fc780465-2017-40d4-a0c5-307022471b92", "Microsoft Defender for Endpoint"),
    ("2793995e-0a7d-40d7-bd35-6968ba142197", "My Apps"),
    ("8c59ead7-d703-4a27-9e55-c96a0054c8d2", "My Profile"),
];

/// The name of a well-known application; else its id or keyword as written.
pub(super) fn name(id: &str) -> &str {
    KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)).map_or(id, |(_, name)| name)
}
