//! The rules, one file each.

mod mfa001_directory_sync_account;
mod mfa002_probable_break_glass;
mod mfa003_last_usable_global_administrator;
mod mfa004_operator_changes_self;
mod mfa005_ropc_sign_ins;
mod mfa006_smtp_auth_sender;
mod mfa007_legacy_client_in_use;
mod mfa008_likely_service_account;
mod mfa009_possible_service_account;
mod mfa010_service_account_name_only;
mod mfa011_azure_automation_as_user;
mod mfa012_shared_device_account;
mod mfa013_bulk_enrolment_account;
mod mfa014_shared_mailbox;
mod mfa015_room_or_equipment_mailbox;
mod mfa017_power_platform_connection_owner;
mod mfa018_enforced_without_registration;
mod mfa019_registration_takeover_window;
mod mfa020_privileged_without_strong_method;
mod mfa021_phone_only_methods;
mod mfa022_registered_but_not_capable;
mod mfa023_single_method;
mod mfa024_guest;
mod mfa025_federated_domain;
mod mfa026_external_method_only;
mod mfa027_frontline_without_factor;
mod mfa028_dormant_account;
mod mfa029_disabled_account;
mod mfa030_app_passwords_allowed;
mod mfa031_app_password_in_use;
mod mfa032_agent_user;
mod mfa033_azure_vm_sign_in;
mod mfa040_enabled_becomes_enforced;
mod mfa042_stopping_at_enabled;
mod mfa043_promoted_since;
mod mfa044_changed_since_plan;
mod mfa045_unknown_state;
mod mfa060_privileged_loses_only_mfa;
mod mfa061_user_loses_only_mfa;
mod mfa062_conditional_access_coverage_gap;
mod mfa063_relax_is_ineffective;
mod mfa064_methods_stay;
mod mfa065_mass_downgrade;
mod mfa066_legacy_sign_in_reopens;
mod mfa067_covered_only_while_active;
mod mfa068_strength_cannot_be_met;
mod mfa069_covered_by_what_will_change;
mod mfa080_security_defaults_on;
mod mfa081_already_covered_by_conditional_access;
mod mfa082_conditional_access_licensed;
mod mfa084_trusted_ips_bypass;
mod mfa086_methods_migration_incomplete;
mod mfa087_too_few_break_glass;
mod mfa088_uncovered_users;
mod mfa089_blast_radius;
mod mfa090_exception_expires_soon;
mod mfa091_evidence_missing;
mod mfa092_evidence_stale;
mod mfa093_smtp_auth_retirement;
mod mfa094_exception_needs_care;
mod mfa095_sms_voice_retirement;
mod mfa096_break_glass_cannot_do_mandatory_mfa;
mod mfa097_automation_under_mandatory_mfa;
mod mfa098_conditional_access_list_incomplete;
mod mfa099_service_account_unprotected;

use super::rule::Rule;

/// Every rule, by id.
pub(super) static ALL: &[&Rule] = &[
    &mfa001_directory_sync_account::RULE,
    &mfa002_probable_break_glass::RULE,
    &mfa003_last_usable_global_administrator::RULE,
    &mfa004_operator_changes_self::RULE,
    &mfa005_ropc_sign_ins::RULE,
    &mfa006_smtp_auth_sender::RULE,
    &mfa007_legacy_client_in_use::RULE,
    &mfa008_likely_service_account::RULE,
    &mfa009_possible_service_account::RULE,
    &mfa010_service_account_name_only::RULE,
    &mfa011_azure_automation_as_user::RULE,
    &mfa012_shared_device_account::RULE,
    &mfa013_bulk_enrolment_account::RULE,
    &mfa014_shared_mailbox::RULE,
    &mfa015_room_or_equipment_mailbox::RULE,
    &mfa017_power_platform_connection_owner::RULE,
    &mfa018_enforced_without_registration::RULE,
    &mfa019_registration_takeover_window::RULE,
    &mfa020_privileged_without_strong_method::RULE,
    &mfa021_phone_only_methods::RULE,
    &mfa022_registered_but_not_capable::RULE,
    &mfa023_single_method::RULE,
    &mfa024_guest::RULE,
    &mfa025_federated_domain::RULE,
    &mfa026_external_method_only::RULE,
    &mfa027_frontline_without_factor::RULE,
    &mfa028_dormant_account::RULE,
    &mfa029_disabled_account::RULE,
    &mfa030_app_passwords_allowed::RULE,
    &mfa031_app_password_in_use::RULE,
    &mfa032_agent_user::RULE,
    &mfa033_azure_vm_sign_in::RULE,
    &mfa040_enabled_becomes_enforced::RULE,
    &mfa042_stopping_at_enabled::RULE,
    &mfa043_promoted_since::RULE,
    &mfa044_changed_since_plan::RULE,
    &mfa045_unknown_state::RULE,
    &mfa060_privileged_loses_only_mfa::RULE,
    &mfa061_user_loses_only_mfa::RULE,
    &mfa062_conditional_access_coverage_gap::RULE,
    &mfa063_relax_is_ineffective::RULE,
    &mfa064_methods_stay::RULE,
    &mfa065_mass_downgrade::RULE,
    &mfa066_legacy_sign_in_reopens::RULE,
    &mfa067_covered_only_while_active::RULE,
    &mfa068_strength_cannot_be_met::RULE,
    &mfa069_covered_by_what_will_change::RULE,
    &mfa080_security_defaults_on::RULE,
    &mfa081_already_covered_by_conditional_access::RULE,
    &mfa082_conditional_access_licensed::RULE,
    &mfa084_trusted_ips_bypass::RULE,
    &mfa086_methods_migration_incomplete::RULE,
    &mfa087_too_few_break_glass::RULE,
    &mfa088_uncovered_users::RULE,
    &mfa089_blast_radius::RULE,
    &mfa090_exception_expires_soon::RULE,
    &mfa091_evidence_missing::RULE,
    &mfa092_evidence_stale::RULE,
    &mfa093_smtp_auth_retirement::RULE,
    &mfa094_exception_needs_care::RULE,
    &mfa095_sms_voice_retirement::RULE,
    &mfa096_break_glass_cannot_do_mandatory_mfa::RULE,
    &mfa097_automation_under_mandatory_mfa::RULE,
    &mfa098_conditional_access_list_incomplete::RULE,
    &mfa099_service_account_unprotected::RULE,
];
