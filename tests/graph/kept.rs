//! What `mfaplan login` keeps, and what becomes of it.

use secrecy::{ExposeSecret, SecretString};

use super::*;

/// A store of this test, or one that fails with this sentence.
#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, String>>,
    broken: Option<&'static str>,
}

impl Shelf {
    fn open(&self) -> Result<std::sync::MutexGuard<'_, BTreeMap<String, String>>, StoreError> {
        match self.broken {
            Some(why) => Err(StoreError(why.to_owned())),
            None => Ok(self.kept.lock().unwrap()),
        }
    }

    fn tokens(&self) -> Vec<String> {
        self.kept.lock().unwrap().values().cloned().collect()
    }
}

impl TokenStore for Shelf {
    fn get(&self, name: &str) -> Result<Option<SecretString>, StoreError> {
        Ok(self.open()?.get(name).cloned().map(SecretString::from))
    }

    fn set(&self, name: &str, token: &SecretString) -> Result<(), StoreError> {
        self.open()?.insert(name.to_owned(), token.expose_secret().to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.open()?.remove(name).is_some())
    }
}

/// An operator at their machine: a terminal or none, a store, and what they were shown.
struct Machine {
    fake: FakeGraph,
    shelf: Arc<Shelf>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    async fn new(shelf: Shelf) -> Self {
        let fake = start(2, FakeOptions { operator: Some(id(1).to_string()), ..FakeOptions::default() }).await;
        Self { fake, shelf: Arc::new(shelf), shown: Arc::default() }
    }

    /// As a command signs in; `login` keeps.
    fn signing_in(&self, login: bool, terminal: bool) -> Options {
        let methods = [Method::Kept("client".into()), Method::DeviceCode("client".into())];
        let shown = Arc::clone(&self.shown);
        let prompt: Prompt = Arc::new(move |prompt| shown.lock().unwrap().push(prompt.message.clone()));
        let keeping = Keeping { store: Some(self.shelf.clone() as Arc<dyn TokenStore>), new: login };
        let credential = Credential::of(methods.into_iter().take(1 + usize::from(terminal)).collect());
        Options { credential, prompt: terminal.then_some(prompt), keeping, writes: login, ..options(&self.fake) }
    }

    fn codes(&self) -> usize {
        self.fake.log().iter().filter(|one| one.path.ends_with("/devicecode")).count()
    }
}

#[tokio::test]
async fn one_code_serves_until_the_operator_is_signed_out() {
    let machine = Machine::new(Shelf::default()).await;
    let login = GraphTenant::connect(machine.signing_in(true, true)).await.unwrap().signed_in().await.unwrap();
    assert_eq!((login.method, login.kept), ("device code", Some(Ok(()))));
    let name = machine.shelf.kept.lock().unwrap().keys().next().unwrap().clone();
    assert_eq!(name, format!("global@{}/{TENANT}/client", machine.fake.origin()));
    let first = machine.shelf.tokens();

    // The next commands ask for no code, with a terminal or without; what is kept is renewed each time.
    for terminal in [true, false] {
        let plan = GraphTenant::connect(machine.signing_in(false, terminal)).await.unwrap().signed_in().await.unwrap();
        assert_eq!((plan.method, plan.kept), ("mfaplan login", Some(Ok(()))));
        assert_eq!(plan.claims.upn.as_deref(), Some("operator@contoso.com"));
    }
    assert_eq!((machine.codes(), machine.shelf.tokens().len()), (1, 1));
    assert_ne!(machine.shelf.tokens(), first);

    // A run that lasts longer than its token renews it without the store, and without a code.
    let long = GraphTenant::connect(machine.signing_in(false, false)).await.unwrap();
    machine.fake.expire_tokens();
    machine.shelf.kept.lock().unwrap().clear();
    long.read(&states_only(), &Heard::default()).await.unwrap();
    assert_eq!(machine.codes(), 1);
    machine.shelf.kept.lock().unwrap().clear();

    // Signed out: nothing is there, which is no failure, and the next way is tried.
    let nobody = GraphTenant::connect(machine.signing_in(false, false)).await.unwrap_err();
    assert!(nobody.to_string().contains("nothing is kept for this tenant"), "{nobody}");
    GraphTenant::connect(machine.signing_in(false, true)).await.unwrap();
    assert_eq!((machine.codes(), machine.shelf.tokens().len()), (2, 0), "only `login` keeps");
}

#[tokio::test]
async fn a_sign_in_that_has_ended_is_said_and_asked_for_anew() {
    for ended in ["revoked", "damaged"] {
        let machine = Machine::new(Shelf::default()).await;
        GraphTenant::connect(machine.signing_in(true, true)).await.unwrap();
        match ended {
            "revoked" => machine.fake.revoke_sessions(),
            _ => machine.shelf.kept.lock().unwrap().values_mut().for_each(|token| token.push('x')),
        }
        let unattended = GraphTenant::connect(machine.signing_in(false, false)).await.unwrap_err();
        assert!(unattended.to_string().contains("AADSTS"), "{unattended}");
        assert_eq!(unattended.hints.last().unwrap(), "sign in anew: mfaplan login");
        assert!(!format!("{unattended:?}").contains("canary-refresh"), "{unattended:?}");

        let kept = machine.shelf.tokens();
        let plan = GraphTenant::connect(machine.signing_in(false, true)).await.unwrap().signed_in().await.unwrap();
        let shown = machine.shown.lock().unwrap().last().unwrap().clone();
        assert!(shown.starts_with("The sign-in that was kept is of no use any more: "), "{shown}");
        assert!(shown.contains("ABCD-EFGH"), "{shown}");
        assert_eq!(plan.kept, Some(Ok(())), "who had kept one wants the next one kept as well");
        assert_ne!(machine.shelf.tokens(), kept);
        GraphTenant::connect(machine.signing_in(false, false)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_kept_for_another_tenant_is_said_and_not_used() {
    let machine = Machine::new(Shelf::default()).await;
    GraphTenant::connect(machine.signing_in(true, true)).await.unwrap();
    let elsewhere = FakeOptions { operator: Some(id(1).to_string()), ..FakeOptions::default() };
    let other = FakeGraph::start(&seed(1).replace(TENANT, "11111111-1111-4111-8111-111111111111"), elsewhere).await;
    // Somebody has copied an entry of the store: the other tenant's service takes it, and gives a token of that tenant.
    let borrowed = Machine { fake: other, shelf: Arc::clone(&machine.shelf), shown: Arc::default() };
    GraphTenant::connect(borrowed.signing_in(true, true)).await.unwrap_err();
    let error = GraphTenant::connect(borrowed.signing_in(false, false)).await.unwrap_err();
    assert!(error.to_string().contains("is for tenant 11111111-1111-4111-8111-111111111111"), "{error}");
}

#[tokio::test]
async fn without_a_store_login_says_so_and_every_command_asks() {
    let machine = Machine::new(Shelf { broken: Some("no store answers here"), ..Shelf::default() }).await;
    let login = GraphTenant::connect(machine.signing_in(true, true)).await.unwrap().signed_in().await.unwrap();
    assert_eq!(login.kept, Some(Err(StoreError("no store answers here".to_owned()))));
    GraphTenant::connect(machine.signing_in(false, true)).await.unwrap();
    assert_eq!(machine.codes(), 2);
    let error = GraphTenant::connect(machine.signing_in(false, false)).await.unwrap_err();
    assert!(error.to_string().contains("no store answers here"), "{error}");
}

#[tokio::test]
async fn a_service_in_trouble_is_no_reason_to_ask_anew() {
    let machine = Machine::new(Shelf::default()).await;
    GraphTenant::connect(machine.signing_in(true, true)).await.unwrap();
    for _ in 0..2 {
        machine.fake.fail_next("POST", "/oauth2/v2.0/token", Fault::Status(503));
    }
    GraphTenant::connect(machine.signing_in(false, true)).await.unwrap();
    assert_eq!(machine.codes(), 1);
}
