//! The rows of the file's `users`, typed and borrowing from the text, and their conversion into [`User`]s.
//!
//! Everything that can be wrong with a value is found while it is parsed, so the conversion cannot fail. What exactly
//! is wrong, and where, is told by [`super::check`]: this path only has to be fast.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

use crate::{
    json::intern::Shared,
    tenant::{
        AGENT_TYPE, Attribute, Contact, GroupId, LastSignIn, MailboxPurpose, Manager, ObservedState, RoleAssignment,
        RoleTemplateId, Text, User, UserId, UserType,
    },
};

use super::{sign_ins::Checked, time::Date};

/// A value that may be missing, or there and null. Graph means different things by the two.
#[derive(Default)]
pub(super) enum Field<T> {
    /// The key is not there.
    #[default]
    Missing,
    /// The value is null.
    Null,
    /// There it is.
    Value(T),
}

impl<T> Field<T> {
    /// For facts of which null says no more than a missing key.
    pub(super) fn known(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Null => None,
        }
    }

    /// For facts of which null is Graph's spelling of a certain value.
    fn or_null(self, null: T) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Null => Some(null),
            Self::Missing => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

/// A struct that is an object in the file. `serde` also takes a list for a struct, member by member: that would read
/// `"signIns": []` as sign-ins of which nothing is known.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Visitor(PhantomData))
    }
}

/// Text borrowed from the file where it holds no escapes.
struct Borrowed<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> de::Visitor<'de> for Visitor<'a> {
            type Value = Borrowed<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Borrowed<'a>, E> {
                Ok(Borrowed(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Borrowed<'a>, E> {
                Ok(Borrowed(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

/// A list, boxed at its exact length. Most lists of a user have up to eight entries: one allocation and a shrink.
pub(super) struct List<T>(pub(super) Box<[T]>);

/// What a list's entries are parsed as before they are kept.
pub(super) trait Entry<'de>: Deserialize<'de> {
    type Kept;
    fn keep(self) -> Self::Kept;
}

impl Entry<'_> for Shared {
    type Kept = Text;
    fn keep(self) -> Text {
        self.0
    }
}

impl Entry<'_> for GroupId {
    type Kept = Self;
    fn keep(self) -> Self {
        self
    }
}

pub(super) fn list<'de, E, D>(deserializer: D) -> Result<List<E::Kept>, D::Error>
where
    E: Entry<'de>,
    D: Deserializer<'de>,
{
    struct Visitor<E>(PhantomData<E>);
    impl<'de, E: Entry<'de>> de::Visitor<'de> for Visitor<E> {
        type Value = List<E::Kept>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(entry) = entries.next_element::<E>()? {
                if kept.is_empty() {
                    kept.reserve(8);
                }
                kept.push(entry.keep());
            }
            Ok(List(kept.into_boxed_slice()))
        }
    }
    deserializer.deserialize_seq(Visitor(PhantomData::<E>))
}

macro_rules! list_of {
    ($($entry:ty),*) => {$(
        impl<'de> Deserialize<'de> for List<<$entry as Entry<'de>>::Kept> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                list::<$entry, D>(deserializer)
            }
        }
    )*};
}

pub(super) use list_of;

list_of!(Shared, GroupId, Object<RoleRow>);

/// One entry of `users`, as the user of the domain. A row is three times as large and moved at each step of the parser, so
/// it becomes a user where it is parsed.
pub(super) struct Parsed(pub(super) User);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        UserRow::deserialize(deserializer).map(|row| Self(row.into_user()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRow<'a> {
    id: UserId,
    #[serde(borrow)]
    user_principal_name: Borrowed<'a>,
    #[serde(default, borrow)]
    per_user_mfa_state: Field<Borrowed<'a>>,
    #[serde(default)]
    display_name: Field<Text>,
    #[serde(default, borrow)]
    mail: Field<Borrowed<'a>>,
    #[serde(default)]
    given_name: Field<Shared>,
    #[serde(default)]
    surname: Field<Shared>,
    #[serde(default)]
    department: Field<Shared>,
    #[serde(default)]
    job_title: Field<Shared>,
    #[serde(default)]
    company_name: Field<Shared>,
    #[serde(default)]
    country: Field<Shared>,
    #[serde(default)]
    office_location: Field<Shared>,
    #[serde(default)]
    employee_id: Field<Text>,
    #[serde(default)]
    employee_type: Field<Shared>,
    #[serde(default, borrow)]
    user_type: Field<Borrowed<'a>>,
    #[serde(default)]
    account_enabled: Field<bool>,
    #[serde(default)]
    on_premises_sync_enabled: Field<bool>,
    #[serde(default)]
    created_date_time: Field<Date>,
    #[serde(default, borrow)]
    password_policies: Field<Borrowed<'a>>,
    #[serde(default)]
    last_password_change_date_time: Field<Date>,
    #[serde(default)]
    licenses: Field<List<Text>>,
    #[serde(default)]
    on_premises_extension_attributes: Field<ExtensionRow>,
    #[serde(default, borrow)]
    mailbox_purpose: Field<Borrowed<'a>>,
    #[serde(default)]
    is_mfa_registered: Field<bool>,
    #[serde(default)]
    is_mfa_capable: Field<bool>,
    #[serde(default)]
    methods_registered: Field<List<Text>>,
    #[serde(default, rename = "@odata.type", borrow)]
    odata_type: Field<Borrowed<'a>>,
    #[serde(default, borrow)]
    identity_parent_id: Field<Borrowed<'a>>,
    #[serde(default)]
    device_count: Field<u32>,
    #[serde(default)]
    manager: Field<Object<ManagerRow>>,
    #[serde(default)]
    mobile_phone: Field<Text>,
    #[serde(default)]
    business_phones: Field<List<Text>>,
    #[serde(default)]
    member_of: Field<List<GroupId>>,
    #[serde(default)]
    directory_roles: Field<List<RoleAssignment>>,
    #[serde(default)]
    last_sign_in_date_time: Field<Date>,
    #[serde(default)]
    last_interactive_sign_in_date_time: Field<Date>,
    #[serde(default)]
    sign_ins: Field<Checked>,
}

/// The manager of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagerRow {
    id: UserId,
    #[serde(default)]
    user_principal_name: Field<Shared>,
    #[serde(default)]
    display_name: Field<Shared>,
}

impl From<ManagerRow> for Manager {
    fn from(row: ManagerRow) -> Self {
        let ManagerRow { id, user_principal_name, display_name } = row;
        let text = |field: Field<Shared>| field.known().map(|Shared(text)| text).filter(|text| !text.is_empty());
        Self { id, user_principal_name: text(user_principal_name), display_name: text(display_name) }
    }
}

/// A directory role of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleRow {
    template_id: RoleTemplateId,
    #[serde(default)]
    display_name: Field<Shared>,
    /// Without word of it, the assignment counts as standing: that is the stricter reading.
    #[serde(default)]
    permanent: Field<bool>,
    #[serde(default)]
    directory_scope_id: Field<Shared>,
}

impl Entry<'_> for Object<RoleRow> {
    type Kept = RoleAssignment;
    fn keep(self) -> RoleAssignment {
        let RoleRow { template_id, display_name, permanent, directory_scope_id } = self.0;
        RoleAssignment {
            template_id,
            display_name: display_name.known().map_or_else(Text::default, |name| name.0),
            permanent: permanent.known().unwrap_or(true),
            scope: directory_scope_id.known().map(|scope| scope.0).filter(|scope| !matches!(scope.as_str(), "" | "/")),
        }
    }
}

/// `onPremisesExtensionAttributes`: `extensionAttribute1` … `15`.
struct ExtensionRow(Box<[Option<Text>; 15]>);

impl<'de> Deserialize<'de> for ExtensionRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ExtensionRow;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<ExtensionRow, A::Error> {
                let mut values: Box<[Option<Text>; 15]> = Box::default();
                while let Some(Borrowed(key)) = entries.next_key()? {
                    let number = key.strip_prefix("extensionAttribute").and_then(|number| number.parse::<usize>().ok());
                    match number.and_then(|number| values.get_mut(number.wrapping_sub(1))) {
                        Some(place) => {
                            let value: Option<Shared> = entries.next_value()?;
                            *place = value.map(|text| text.0).filter(|text| !text.is_empty());
                        }
                        None => {
                            entries.next_value::<de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ExtensionRow(values))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl UserRow<'_> {
    fn into_user(self) -> User {
        let Borrowed(name) = self.user_principal_name;
        let name = Text::from(name);
        // `known` wins over the three-state type for all but the facts of which Graph's null has a meaning.
        let state = self.per_user_mfa_state.known();
        let mut user = User::new(self.id, name.clone(), ObservedState::from_wire(state.as_ref().map(|text| &*text.0)));
        let empty = &mut user.empty;
        let mut text = |attribute, field: Field<Text>| match field {
            Field::Missing => None,
            Field::Value(text) if !text.is_empty() => Some(text),
            Field::Null | Field::Value(_) => {
                empty.set(attribute);
                None
            }
        };
        let unshared = |field: Field<Shared>| match field {
            Field::Missing => Field::Missing,
            Field::Null => Field::Null,
            Field::Value(Shared(text)) => Field::Value(text),
        };
        let mail = match self.mail {
            Field::Missing => Field::Missing,
            Field::Null => Field::Null,
            // The usual mail address is the sign-in name: then one allocation serves both.
            Field::Value(Borrowed(mail)) => Field::Value(if name == *mail { name } else { Text::from(mail) }),
        };
        user.display_name = text(Attribute::DisplayName, self.display_name);
        user.mail = text(Attribute::Mail, mail);
        user.given_name = text(Attribute::GivenName, unshared(self.given_name));
        user.surname = text(Attribute::Surname, unshared(self.surname));
        user.department = text(Attribute::Department, unshared(self.department));
        user.job_title = text(Attribute::JobTitle, unshared(self.job_title));
        user.company_name = text(Attribute::CompanyName, unshared(self.company_name));
        user.country = text(Attribute::Country, unshared(self.country));
        user.office_location = text(Attribute::OfficeLocation, unshared(self.office_location));
        user.employee_id = text(Attribute::EmployeeId, self.employee_id);
        user.employee_type = text(Attribute::EmployeeType, unshared(self.employee_type));
        user.user_type = self.user_type.known().and_then(|text| user_type(&text.0));
        user.account_enabled = self.account_enabled.known();
        // Graph: null for a user who was never synchronised.
        user.on_premises_sync_enabled = self.on_premises_sync_enabled.or_null(false);
        user.created = self.created_date_time.known().map(|date| date.0);
        // Graph: null for a user without any password policy.
        user.password_never_expires = match self.password_policies {
            Field::Missing => None,
            Field::Null => Some(false),
            Field::Value(Borrowed(policies)) => Some(never_expires(&policies)),
        };
        user.last_password_change = self.last_password_change_date_time.known().map(|date| date.0);
        user.licenses = self.licenses.known().map(|list| list.0);
        user.extension_attributes = self.on_premises_extension_attributes.known().map(|row| row.0);
        user.mailbox_purpose = match self.mailbox_purpose {
            Field::Missing => None,
            Field::Null => Some(MailboxPurpose::Other),
            Field::Value(Borrowed(purpose)) => Some(mailbox_purpose(&purpose)),
        };
        user.registered = self.is_mfa_registered.known();
        user.mfa_capable = self.is_mfa_capable.known();
        user.methods = self.methods_registered.known().map(|list| list.0);
        let agent_type = self.odata_type.known().is_some_and(|one| one.0.eq_ignore_ascii_case(AGENT_TYPE));
        user.is_agent = agent_type || self.identity_parent_id.known().is_some_and(|one| !one.0.is_empty());
        user.device_count = self.device_count.known();
        let contact = Contact {
            manager: self.manager.known().map(|Object(row)| row.into()),
            mobile_phone: self.mobile_phone.known().filter(|phone| !phone.is_empty()),
            business_phones: self.business_phones.known().map(|list| list.0).unwrap_or_default(),
        };
        user.contact = (!contact.is_empty()).then(|| Box::new(contact));
        user.member_of = self.member_of.known().map(|list| list.0);
        user.directory_roles = self.directory_roles.known().map(|list| list.0);
        let last = |field: Field<Date>| field.known().map_or(LastSignIn::Unknown, Date::last_sign_in);
        user.last_sign_in = last(self.last_sign_in_date_time);
        user.last_interactive_sign_in = last(self.last_interactive_sign_in_date_time);
        user.sign_ins = self.sign_ins.known().map(|Checked(sign_ins)| Box::new(sign_ins));
        user
    }
}

/// Graph's `userType`. A type this version does not know is an unknown type.
fn user_type(text: &str) -> Option<UserType> {
    [UserType::Member, UserType::Guest].into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
}

/// `passwordPolicies` is a comma-separated list.
fn never_expires(policies: &str) -> bool {
    policies.split(',').any(|policy| policy.trim().eq_ignore_ascii_case("DisablePasswordExpiration"))
}

fn mailbox_purpose(text: &str) -> MailboxPurpose {
    let known = [
        ("user", MailboxPurpose::User),
        ("shared", MailboxPurpose::Shared),
        ("room", MailboxPurpose::Room),
        ("equipment", MailboxPurpose::Equipment),
    ];
    known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map_or(MailboxPurpose::Other, |(_, kind)| kind)
}
