# Who must be in which state of per-user MFA. `mfaplan plan` shows what that changes; nothing is written before a yes.
# All *.mfa.hcl files of this directory form one configuration. The language: docs/language/reference.md

tenant "contoso" {
  # The id of your tenant: Microsoft Entra admin center > Overview.
  id = "00000000-0000-0000-0000-000000000000"

  # Work offline, on a copy taken by `mfaplan snapshot --out tenant.json`:
  # snapshot = "tenant.json"

  # Without Microsoft Entra ID P1 there is no sign-in log in Graph. Download it from the portal and name the files:
  # sign_ins = ["InteractiveSignIns.json", "NonInteractiveSignIns.json"]
}

# Two emergency accounts that no plan ever changes. Protect them with FIDO2 keys.
break_glass "emergency" {
  users  = ["emergency-1@contoso.onmicrosoft.com", "emergency-2@contoso.onmicrosoft.com"]
  reason = "Emergency access"
}

# User accounts that are really workloads: enforcing MFA on them breaks what they run.
# service_account "scanners" {
#   groups      = ["SG-Scanners"]
#   owner       = "facilities@contoso.com"
#   reason      = "Scan to mail by SMTP AUTH"
#   replacement = "none"
#   until       = "2026-12-31"
# }

# Everybody else: enforced. Who has not registered a method yet is enabled first and asked to register at his next
# sign-in; from the date on he is enforced as well.
mfa "staff" {
  state = "enforced"
  where = user.account_enabled && user.user_type == "Member"

  staged {
    until = "2027-03-01"
  }
}

# Bounds that no plan may exceed unseen.
guardrails {
  max_change_percent = 25
  max_downgrades     = 0
  canary             = 5
}
