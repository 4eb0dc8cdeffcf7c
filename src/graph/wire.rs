//! Graph's shapes, as far as a plan reads them. Borrowed or small; nothing here is generic JSON.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::{sign_ins::wire::Str, tenant::Text};

/// A page of a collection.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) value: Vec<T>,
    /// How many elements all pages have, where that was asked for (`$count=true`).
    #[serde(default, rename = "@odata.count")]
    pub(crate) count: Option<u64>,
    #[serde(default, rename = "@odata.nextLink")]
    pub(crate) next: Option<String>,
}

/// A page of which only the number of all elements matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Counted {
    #[serde(default, rename = "@odata.count")]
    pub(crate) count: Option<u64>,
}

/// A text attribute. Graph says null for "there is none" and leaves the key out when it was not asked or not allowed:
/// the first is knowledge, the second is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    #[default]
    Missing,
    Null,
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Field<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or null")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Field<'de>, E> {
                Ok(Field::Null)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Field<'_> {
    /// The text, where there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Missing and null apart, for anything.
#[derive(Debug, Default)]
pub(crate) enum Maybe<T> {
    #[default]
    Missing,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserWire<'a> {
    pub(crate) id: Uuid,
    /// Given for kinds of users only, such as those of agents.
    #[serde(borrow, default, rename = "@odata.type")]
    pub(crate) kind: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) user_principal_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) display_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) mail: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) given_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) surname: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) department: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) job_title: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) company_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) country: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) office_location: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) employee_id: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) employee_type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) user_type: Field<'a>,
    #[serde(default)]
    pub(crate) account_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) on_premises_sync_enabled: Maybe<bool>,
    #[serde(borrow, default)]
    pub(crate) created_date_time: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) password_policies: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) last_password_change_date_time: Field<'a>,
    #[serde(default)]
    pub(crate) assigned_licenses: Option<Vec<AssignedLicense>>,
    #[serde(borrow, default)]
    pub(crate) on_premises_extension_attributes: Maybe<Extensions<'a>>,
    #[serde(borrow, default)]
    pub(crate) per_user_mfa_state: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) manager: Option<ManagerWire<'a>>,
    #[serde(borrow, default)]
    pub(crate) mobile_phone: Field<'a>,
    #[serde(default)]
    pub(crate) business_phones: Option<Vec<String>>,
}

/// The user's manager, expanded.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManagerWire<'a> {
    pub(crate) id: Uuid,
    #[serde(borrow, default)]
    pub(crate) user_principal_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) display_name: Field<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignedLicense {
    pub(crate) sku_id: Uuid,
}

macro_rules! extensions {
    ($($name:ident),*) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct Extensions<'a> {
            $(#[serde(borrow)] $name: Field<'a>,)*
        }
        impl Extensions<'_> {
            pub(crate) fn all(&self) -> [Option<&str>; 15] {
                [$(self.$name.text(),)*]
            }
        }
    };
}

extensions!(
    extension_attribute1,
    extension_attribute2,
    extension_attribute3,
    extension_attribute4,
    extension_attribute5,
    extension_attribute6,
    extension_attribute7,
    extension_attribute8,
    extension_attribute9,
    extension_attribute10,
    extension_attribute11,
    extension_attribute12,
    extension_attribute13,
    extension_attribute14,
    extension_attribute15
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StateWire {
    #[serde(default)]
    pub(crate) per_user_mfa_state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationWire {
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) display_name: Option<Text>,
    #[serde(default)]
    pub(crate) assigned_plans: Option<Vec<AssignedPlan>>,
    #[serde(default)]
    pub(crate) tenant_type: Option<String>,
    #[serde(default)]
    pub(crate) verified_domains: Option<Vec<VerifiedDomain>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifiedDomain {
    #[serde(default)]
    pub(crate) name: Option<Text>,
    #[serde(default)]
    pub(crate) is_initial: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignedPlan {
    #[serde(default)]
    pub(crate) capability_status: Option<String>,
    #[serde(default)]
    pub(crate) service_plan_id: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupWire {
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) display_name: Option<Text>,
    #[serde(default)]
    pub(crate) mail: Option<Text>,
}

/// Whether a group hides its members.
#[derive(Deserialize)]
pub(crate) struct VisibilityWire {
    #[serde(default)]
    pub(crate) visibility: Option<String>,
}

/// A member of a group, or another directory object of which only kind and id matter.
#[derive(Deserialize)]
pub(crate) struct ObjectWire<'a> {
    pub(crate) id: Uuid,
    #[serde(borrow, default, rename = "@odata.type")]
    pub(crate) kind: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationWire<'a> {
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) is_mfa_registered: Option<bool>,
    #[serde(default)]
    pub(crate) is_mfa_capable: Option<bool>,
    #[serde(borrow, default)]
    pub(crate) methods_registered: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    pub(crate) last_updated_date_time: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MethodWire<'a> {
    #[serde(borrow, default, rename = "@odata.type")]
    pub(crate) kind: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) phone_type: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityWire<'a> {
    pub(crate) id: Uuid,
    #[serde(borrow, default)]
    pub(crate) sign_in_activity: Option<Dates<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dates<'a> {
    #[serde(borrow, default)]
    pub(crate) last_sign_in_date_time: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) last_non_interactive_sign_in_date_time: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) last_successful_sign_in_date_time: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleDefinitionWire {
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) display_name: Option<Text>,
    #[serde(default)]
    pub(crate) template_id: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleAssignmentWire {
    pub(crate) principal_id: Uuid,
    pub(crate) role_definition_id: Uuid,
    #[serde(default)]
    pub(crate) directory_scope_id: Option<String>,
    #[serde(default)]
    pub(crate) assignment_type: Option<String>,
    #[serde(default)]
    pub(crate) end_date_time: Option<String>,
    #[serde(default)]
    pub(crate) principal: Option<PrincipalWire>,
}

#[derive(Deserialize)]
pub(crate) struct PrincipalWire {
    #[serde(default, rename = "@odata.type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkuWire {
    pub(crate) sku_id: Uuid,
    pub(crate) sku_part_number: Text,
    #[serde(default)]
    pub(crate) capability_status: Option<String>,
    #[serde(default)]
    pub(crate) service_plans: Vec<PlanWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanWire {
    pub(crate) service_plan_name: Text,
    #[serde(default)]
    pub(crate) provisioning_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DomainWire {
    pub(crate) id: Text,
    #[serde(default)]
    pub(crate) authentication_type: Option<String>,
    #[serde(default)]
    pub(crate) is_verified: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FederationWire {
    #[serde(default)]
    pub(crate) federated_idp_mfa_behavior: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecurityDefaultsWire {
    pub(crate) is_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MethodsPolicyWire {
    #[serde(default)]
    pub(crate) policy_migration_state: Option<Text>,
}

/// Undocumented; names as public tools read them, everything optional.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MfaServicePolicyWire {
    #[serde(default)]
    pub(crate) allow_app_passwords: Option<bool>,
    #[serde(default)]
    pub(crate) trusted_ips: Option<TrustedIpsWire>,
    #[serde(default)]
    pub(crate) remember_mfa_on_trusted_device: Option<RememberWire>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TrustedIpsWire {
    pub(crate) skip_mfa_for_federated_users: Option<bool>,
    #[serde(alias = "ipRanges", alias = "trustedIpAddresses")]
    pub(crate) ip_addresses: Option<Vec<Text>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RememberWire {
    pub(crate) is_enabled: Option<bool>,
    pub(crate) allowed_number_of_days: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct PurposeWire {
    #[serde(default)]
    pub(crate) value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceWire {
    #[serde(default)]
    pub(crate) registered_owners: Vec<OwnerWire>,
}

#[derive(Deserialize)]
pub(crate) struct OwnerWire {
    pub(crate) id: Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_known_and_missing_is_not() {
        let json = r#"{"id":"7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b","department":null,"jobTitle":"Engin\u0065er","mail":"a@b"}"#;
        let user: UserWire<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(user.department, Field::Null);
        assert_eq!(user.surname, Field::Missing);
        assert_eq!(user.job_title.text(), Some("Engineer"));
        assert!(matches!(user.mail, Field::Text(Cow::Borrowed("a@b"))), "no copy where there is no escape");
    }

    /// Where `MFAPLAN_GRAPH_SAMPLES` names a folder of captured responses, every one of them must be readable.
    #[test]
    fn captured_responses_are_readable() {
        let Some(folder) = std::env::var_os("MFAPLAN_GRAPH_SAMPLES") else { return };
        fn read<T: for<'a> Deserialize<'a>>(folder: &std::path::Path, name: &str) -> usize {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
            let body = sample.get("body").or(sample.pointer("/response/body")).unwrap().to_string();
            serde_json::from_str::<Page<T>>(&body).unwrap_or_else(|error| panic!("{name}: {error}")).value.len()
        }
        let folder = std::path::Path::new(&folder);
        assert!(read::<crate::tenant::Policy>(folder, "real/conditionalaccess-policies.json") > 0);
        assert!(read::<SkuWire>(folder, "real/subscribedskus.json") > 0);
        assert!(read::<OrganizationWire>(folder, "real/organization.json") > 0);
        assert!(read::<RoleDefinitionWire>(folder, "real/roledefinitions-subset.json") > 0);
        assert!(read::<RoleAssignmentWire>(folder, "roleassignments.json") > 0);
        assert!(read::<RoleAssignmentWire>(folder, "roleeligibilityscheduleinstances.json") > 0);
        let text = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
            sample.get("body").or(sample.pointer("/response/body")).unwrap().to_string()
        };
        let report = text("real/userregistrationdetails.json");
        assert!(!serde_json::from_str::<Page<RegistrationWire<'_>>>(&report).unwrap().value.is_empty());
        let log = text("signins-beta.json");
        use crate::tenant::SignInKind;
        let page: Page<crate::sign_ins::wire::SignIn<'_>> = serde_json::from_str(&log).unwrap();
        assert!(page.value.iter().all(|one| one.user().is_some() && one.record(SignInKind::Interactive).is_ok()));
        let users = text("users-list-default.json");
        assert!(!serde_json::from_str::<Page<UserWire<'_>>>(&users).unwrap().value.is_empty());
        let activity = text("users-list-signinactivity.json");
        assert!(serde_json::from_str::<Page<ActivityWire<'_>>>(&activity).unwrap().value[0].sign_in_activity.is_some());
        let members = text("group-transitivemembers.json");
        assert!(!serde_json::from_str::<Page<ObjectWire<'_>>>(&members).unwrap().value.is_empty());
        let methods = text("authentication-methods.json");
        assert!(!serde_json::from_str::<Page<MethodWire<'_>>>(&methods).unwrap().value.is_empty());
    }
}
