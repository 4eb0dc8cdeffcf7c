mfaplan {
  required_version = ">= 0.1"
}

tenant "contoso" {
  id       = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
  snapshot = "tenant.json"

  # Contoso has no Entra ID P1, so Microsoft Graph shows no sign-in log; the portal does. With these two downloads the
  # plan knows who still sends by SMTP AUTH, who reads mail by IMAP and that the backup agent signs in by ROPC.
  sign_ins = [
    "sign-ins/InteractiveSignIns_2026-11-20.json",
    "sign-ins/NonInteractiveSignIns_2026-11-20.csv",
  ]
}

variable "office_departments" {
  description = "Departments whose people have to use MFA."
  type        = list(string)
  default     = ["Finance", "Sales", "IT"]

  validation {
    condition     = length(var.office_departments) > 0
    error_message = "Name at least one department."
  }
}

variable "reviewer" {
  description = "Who approved the exceptions."
  type        = string
  default     = "priya.patel@contoso.com"
}

locals {
  domain    = "contoso.com"
  emergency = [for number in [1, 2] : "emergency${number}@contoso.onmicrosoft.com"]
}

output "office_departments" {
  value       = join(", ", sort(var.office_departments))
  description = "Departments under MFA."
}
