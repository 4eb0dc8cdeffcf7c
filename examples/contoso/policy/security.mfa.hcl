# The security team's own directory (`--policy examples/contoso/policy`, or MFAPLAN_POLICY): what it says holds whatever
# the configuration says, and deleting a block over there takes no protection away here.
break_glass "tenant_emergency" {
  users  = ["emergency1@contoso.onmicrosoft.com", "emergency2@contoso.onmicrosoft.com"]
  reason = "Security baseline, section 4: emergency access"
}

guardrails {
  max_changes        = 50
  max_change_percent = 80
  max_downgrades     = 1
  block_at           = "critical"
}
