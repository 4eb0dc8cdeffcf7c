# Owned by the provider's security team. One file protects the emergency accounts of every customer: their names end in the
# initial domain of each tenant. A customer without them has no plan.
break_glass "emergency" {
  users  = ["bg1@${tenant.initial_domain}", "bg2@${tenant.initial_domain}"]
  reason = "Emergency access, keys in two safes"
}
