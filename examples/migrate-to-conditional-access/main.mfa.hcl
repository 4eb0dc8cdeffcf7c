# Contoso has bought Entra ID P1: Conditional Access asks for MFA from now on, per-user MFA goes.
tenant "contoso" {
  id       = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
  snapshot = "tenant.json"
}

mfa "leave-per-user-mfa" {
  state   = "disabled"
  where   = user.user_type == "Member"
  rollout = "migration"
  reason  = "Conditional Access asks for MFA, CHG-2041"
}

rollout "migration" {
  wave "it" {
    from   = "2026-11-20"
    groups = ["SG-IT"]
  }
  wave "half" {
    from    = "2026-12-01"
    percent = 50
  }
  wave "everybody" {
    from    = "2027-01-11"
    percent = 100
  }
}

guardrails {
  # Who is not covered, privileged (MFA060, critical) or not (MFA061, MFA062, high), is withheld until they are.
  block_at       = "high"
  max_downgrades = 10
}

# Many are lowered here, on purpose; the covered ones lose nothing.
accept "MFA065" {
  reason      = "Migration to Conditional Access, CHG-2041"
  expires     = "2027-01-31"
  approved_by = "priya.patel@contoso.com"
}

break_glass "emergency" {
  users  = ["emergency1@contoso.onmicrosoft.com", "emergency2@contoso.onmicrosoft.com"]
  reason = "Emergency access, outside of every policy"
}
