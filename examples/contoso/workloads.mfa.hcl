# Accounts of users that are really programs and devices. They are never raised; each has an owner and an end.
service_account "scanners" {
  users       = [for place in ["berlin", "hamburg", "leipzig"] : "scan-${place}@${local.domain}"]
  owner       = "daniel.weber@contoso.com"
  reason      = "Multi-function printers that send by SMTP AUTH"
  replacement = "none"
  until       = "2026-12-31"
}

service_account "notifications" {
  users       = ["noreply@${local.domain}"]
  owner       = "olga.svcevic@contoso.com"
  reason      = "Web shop notifications"
  replacement = "app_registration"
  until       = "2027-03-31"
}

service_account "directory_sync" {
  where       = startswith(user.user_principal_name, "Sync_")
  owner       = "priya.patel@contoso.com"
  reason      = "Microsoft Entra Connect"
  replacement = "app_registration"
}

service_account "meeting_rooms" {
  where       = startswith(user.user_principal_name, "mtr-")
  owner       = "olga.svcevic@contoso.com"
  reason      = "Teams Rooms devices sign in by themselves"
  replacement = "none"
}
