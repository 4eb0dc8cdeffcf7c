# What holds for every customer. Whatever differs is an input.
variable "grace" {
  type        = string
  description = "Until when those who have registered nothing are enabled only."

  validation {
    condition     = can(formatdate("YYYY", "${var.grace}T00:00:00Z"))
    error_message = "grace is a date such as 2027-01-31; \"${var.grace}\" is none."
  }
}

mfa "everybody" {
  state  = "enforced"
  where  = user.account_enabled && user.user_type != "Guest"
  reason = "The baseline of all customers"

  staged {
    until = var.grace
  }
}

guardrails {
  max_downgrades = 0
}

output "grace" {
  value = var.grace
}
