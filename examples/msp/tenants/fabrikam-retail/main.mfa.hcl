# Everybody is as declared.
tenant "Fabrikam Retail" {
  id       = "9c0f5f5a-4d3b-4f0e-8a51-000000000004"
  snapshot = "tenant.json"
}

module "baseline" {
  source = "../../modules/baseline"
  grace  = "2027-01-31"
}
