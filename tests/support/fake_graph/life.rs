//! Time passes in the fake's tenant: its people and programs sign in as the states stand, whoever registers is registered,
//! and the service promotes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    FakeGraph,
    clients::{self, Account, Client, SignedIn},
};

impl FakeGraph {
    /// These clients sign in for so many days, after all that is in the log already.
    pub fn live(&self, clients: &[Client], from: Timestamp, days: u64, seed: u64) -> Vec<SignedIn> {
        let mut state = self.state();
        let world = &mut state.world;
        let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
        for client in clients {
            let user = &world.users[world.find(&client.account).expect("a client has an account")];
            let name = user.attributes["userPrincipalName"].as_str().unwrap_or_default();
            let state = user.state.as_deref().unwrap_or("disabled");
            let account = || Account::new(name, state, user.registered(), false);
            accounts.entry(client.account.clone()).or_insert_with(account);
        }
        let log = clients::days(clients, &mut accounts, from, days, seed);
        for (id, account) in accounts {
            let index = world.find(&id).expect("it was there a moment ago");
            let registers = account.registered && !world.users[index].registered();
            world.users[index].state = Some(account.state);
            if registers {
                let facts = [
                    ("isMfaRegistered", Value::Bool(true)),
                    ("isMfaCapable", Value::Bool(true)),
                    ("methodsRegistered", json!(["microsoftAuthenticatorPush"])),
                ];
                let row = world.registration.iter_mut().find(|row| row["id"] == id.as_str());
                let row = row.expect("the report has every user");
                for (key, value) in facts {
                    row[key] = value.clone();
                    world.users[index].seed.insert(key.to_owned(), value);
                }
            }
        }
        world.sign_ins.add(log.iter().map(|one| one.record.clone()));
        log
    }
}
