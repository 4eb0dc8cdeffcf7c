# Nobody has sent a sign-in file yet: what looks like a workload waits until it is known how it signs in.
tenant "Contoso" {
  id       = "9c0f5f5a-4d3b-4f0e-8a51-000000000001"
  snapshot = "tenant.json"
}

module "baseline" {
  source = "../../modules/baseline"
  grace  = "2027-01-31"
}
