# One user, one state: jdoe has to use MFA from now on.
tenant "contoso" {
  id       = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
  snapshot = "tenant.json"
}

mfa "accountants" {
  state = "enforced"
  users = ["jdoe@contoso.com"]
}

# Microsoft asks for two accounts that stay reachable whatever happens to MFA.
break_glass "emergency" {
  users  = ["emergency1@contoso.onmicrosoft.com", "emergency2@contoso.onmicrosoft.com"]
  reason = "Emergency access, reviewed every quarter"
}
