# The label printer can only do SMTP AUTH until it is replaced.
tenant "Contoso North" {
  id       = "9c0f5f5a-4d3b-4f0e-8a51-000000000003"
  snapshot = "tenant.json"
}

module "baseline" {
  source = "../../modules/baseline"
  grace  = "2027-01-31"
}

service_account "label_printer" {
  users       = ["label-printer@north.contoso.com"]
  owner       = "it@north.contoso.com"
  reason      = "The label printer can only do SMTP AUTH"
  replacement = "none"
  until       = "2027-03-31"
}
