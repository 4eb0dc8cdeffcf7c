//! What a `where` costs per user, by the functions people write in it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{path::Path, sync::LazyLock};

use divan::{Bencher, counter::ItemsCount};
use mfaplan::testing::{
    diag::{Diagnostics, SourceMap},
    eval::{CompileContext, Expr, Scope, UserFacts, UserField, Value, parse_expression},
    tenant::Text,
};

const USERS: usize = 10_000;
const DEPARTMENTS: [&str; 5] = ["Finance", "Sales", "IT", "Research and Development", "Facilities"];

fn main() {
    divan::main();
}

struct User {
    name: Value,
    department: Value,
    groups: Value,
}

impl UserFacts for User {
    fn get(&self, field: UserField) -> Value {
        match field {
            UserField::UserPrincipalName => self.name.clone(),
            UserField::Department => self.department.clone(),
            UserField::Groups => self.groups.clone(),
            _ => Value::Null,
        }
    }
}

static PEOPLE: LazyLock<Vec<User>> = LazyLock::new(|| {
    let name = |at: usize| match at % 10 {
        0 => format!("svc-scan{at}@contoso.com"),
        _ => format!("given.surname{at}@contoso.com"),
    };
    let user = |at: usize| User {
        name: Value::string(name(at)),
        department: DEPARTMENTS.get(at % 6).map_or(Value::Null, |one| Value::string(*one)),
        groups: Value::strings(["SG-All", "SG-Laptops", "SG-Finance"]),
    };
    (0..USERS).map(user).collect()
});

const CLAUSES: &[&str] = &[
    "user.department == \"Finance\"",
    "startswith(lower(user.user_principal_name), \"svc\")",
    "contains(var.departments, user.department)",
    "contains(user.groups, \"SG-Finance\")",
    "can(regex(\"^svc[-_]\", user.user_principal_name))",
    "length(regexall(\"scan[0-9]+\", user.user_principal_name)) > 0",
    "lower(user.department) == \"finance\" && !startswith(user.user_principal_name, \"svc\")",
    "anytrue([for group in user.groups : startswith(group, \"SG-F\")])",
];

#[divan::bench(args = CLAUSES, sample_count = 20)]
fn where_clause(bencher: Bencher<'_, '_>, text: &str) {
    let mut sources = SourceMap::default();
    let file = sources.add("where", text);
    let mut diags = Diagnostics::default();
    let context = CompileContext { user: true, ..CompileContext::new([Text::from("departments")], []) };
    let parsed = parse_expression(text, file, &mut diags).unwrap();
    let expr = Expr::compile(&parsed, file, &context, &mut diags).unwrap();
    let var = Value::object([("departments", Value::strings(["Sales", "Finance"]))]);
    let nothing = Value::Null;
    let scope = Scope::new(&var, &nothing, Path::new("."), jiff::Timestamp::UNIX_EPOCH);
    bencher
        .counter(ItemsCount::new(USERS))
        .bench_local(|| PEOPLE.iter().filter(|user| expr.selects(&scope.with_user(*user)).unwrap()).count());
}
