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

# Everybody else: enforced, in waves. Users without a registered method are enabled first and asked to register at their
# next sign-in; from the date on they are enforced as well.
mfa "staff" {
  state   = "enforced"
  where   = user.account_enabled && user.user_type == "Member"
  rollout = "staff"

  staged {
    until = "2027-03-01"
  }
}

# A stable hash of the user's id decides who is in a wave: the first 10 percent stay in when it becomes 30. A wave may name
# users and groups as well: put the people who go first into it. `mfaplan plan --timeline` shows what each date brings.
rollout "staff" {
  wave "first" {
    from    = "2026-12-01"
    percent = 10
  }

  wave "second" {
    from    = "2026-12-15"
    percent = 30
  }

  wave "third" {
    from    = "2026-12-29"
    percent = 50
  }

  wave "fourth" {
    from    = "2027-01-12"
    percent = 75
  }

  wave "rest" {
    from    = "2027-01-26"
    percent = 100
  }
}

# Bounds that no plan may exceed unseen. Each wave brings at most a quarter of the staff, so it fits once the waves before
# it are applied. Where fewer than about 40 people make the shares uneven, or a wave was left out, one plan may go further
# with a reason: mfaplan plan --waive max_change_percent=60 --reason "two waves at once"
guardrails {
  max_change_percent = 30
  max_downgrades     = 0
  canary             = 5
}
