//! Values of the language.

use std::{collections::BTreeMap, sync::Arc};

use crate::tenant::Text;

/// A value: Terraform's, as far as the language has them. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`: also a fact the tenant could not give.
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(Text),
    /// A list or tuple.
    List(Arc<[Value]>),
    /// A map or object.
    Object(Arc<BTreeMap<Text, Value>>),
}
