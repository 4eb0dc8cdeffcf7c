# Six people on one day are more than was agreed with this customer, so the plan is refused until somebody says otherwise.
tenant "Fabrikam" {
  id       = "9c0f5f5a-4d3b-4f0e-8a51-000000000002"
  snapshot = "tenant.json"
}

module "baseline" {
  source = "../../modules/baseline"
  grace  = "2027-01-31"
}

guardrails {
  max_changes = 4
}
