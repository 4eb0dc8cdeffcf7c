mfa "administrators" {
  state    = "enforced"
  priority = 100
  roles    = ["Global Administrator", "Exchange Administrator", "User Administrator", "Helpdesk Administrator"]

  # Asked for by the help desk: see below.
  except {
    users = ["emil.larsen@${local.domain}"]
  }
}

# A request that looks harmless and is not: they are an administrator, and the Conditional Access policy that is meant to
# cover them only reports.
mfa "help_desk_request" {
  state    = "disabled"
  priority = 200
  users    = ["emil.larsen@${local.domain}"]
  reason   = "INC-2041: lost telephone"
}

break_glass "emergency" {
  users  = local.emergency
  reason = "Emergency access: passkeys in two safes"
}
