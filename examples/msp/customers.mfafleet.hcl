# Four customers. The pilot ring goes first, and one failure in it stops everything.
fleet "customers" {
  ring "pilot" {
    stop_after_failed = 1
  }

  ring "rest" {}

  tenant "each" {
    for_each = {
      contoso         = "pilot"
      contoso-north   = "pilot"
      fabrikam        = "rest"
      fabrikam-retail = "rest"
    }

    directory = "tenants/${each.key}"
    ring      = each.value
  }
}
