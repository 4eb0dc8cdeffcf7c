# Office staff, one block a department: mfa.office["Finance"], mfa.office["Sales"], mfa.office["IT"].
mfa "office" {
  for_each = toset(var.office_departments)
  state    = "enforced"
  groups   = ["SG-${each.key}"]
  reason   = "Board decision of 2026-10-01: MFA for everybody with a mailbox"

  except {
    where = user.account_enabled == false
  }
}

mfa "management" {
  state    = "enforced"
  groups   = ["SG-Management"]
  priority = 5
}

# Operators share terminals and have no telephone at work: only those who have registered can be enforced.
mfa "production" {
  state = "enforced"
  where = user.department == "Production" && user.registered == true
}

# A group of people and, as nobody noticed, a scanner.
mfa "warehouse" {
  state  = "enforced"
  groups = ["SG-Warehouse"]
}

mfa "guests" {
  state = "enforced"
  where = user.user_type == "Guest"
}
