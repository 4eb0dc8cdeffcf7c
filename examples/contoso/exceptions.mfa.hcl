# The new colleagues register under supervision on their first day: enforcing them before is intended.
accept "MFA018" {
  users       = ["yuki.tanaka@contoso.com", "felix.wagner@contoso.com"]
  reason      = "Onboarding on 2026-11-23 with Temporary Access Passes"
  expires     = "2026-11-30"
  approved_by = var.reviewer
}

guardrails {
  max_changes    = 40
  max_downgrades = 1
  block_at       = "critical"
}
