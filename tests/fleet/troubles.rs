//! Seeded faults on a tenth of the tenants: for all others nothing changes, and each in trouble is mended by itself.
//!
//! `MFAPLAN_TENANTS` says how many tenants there are, `MFAPLAN_SEED` who is in trouble.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    binary::{Said, Sandbox},
    support::fake_graph::{FakeFleet, FakeOptions, Fault, Faults},
    world::{foreign, runtime, set_digest, tenant, user, world},
};

const PEOPLE: usize = 3;

/// What happens to a tenant while it is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planning {
    /// It never answers.
    Hangs,
    /// The application has no permission there.
    Forbidden,
    /// Another tenant answers.
    Another,
    /// Its configuration cannot be read.
    Broken,
    /// Every connection is cut.
    Cut,
    /// Now and then it throttles, is cut, answers rubbish: what passes.
    Throttles,
    Stumbles,
}

impl Planning {
    const ALL: [Self; 7] =
        [Self::Hangs, Self::Forbidden, Self::Another, Self::Broken, Self::Cut, Self::Throttles, Self::Stumbles];

    /// Is there a plan of it all the same?
    const fn passes(self) -> bool {
        matches!(self, Self::Throttles | Self::Stumbles)
    }

    fn options(self, seed: u64) -> FakeOptions {
        let mut options = FakeOptions::default();
        match self {
            Self::Forbidden => drop(options.denied.insert("User.Read.All".to_owned())),
            Self::Another => options.organization_id = Some(tenant(9_999)),
            Self::Throttles => {
                options.faults = Faults { seed, throttled: 0.3, item_throttled: 0.3, ..Faults::default() }
            }
            Self::Stumbles => options.faults = Faults::mixed(seed, 0.15),
            Self::Hangs | Self::Broken | Self::Cut => {}
        }
        options
    }

    fn begin(self, at: usize, fake: &FakeFleet, sandbox: &Sandbox) {
        match self {
            Self::Hangs => fake.tenant(at).fail_always("GET", "/users", Fault::Silent),
            Self::Cut => fake.tenant(at).fail_always("GET", "/users", Fault::ResetBefore),
            Self::Broken => sandbox.append(&format!("tenants/t{at}/main.mfa.hcl"), "mfa \"broken\" {}\n"),
            Self::Forbidden | Self::Another | Self::Throttles | Self::Stumbles => {}
        }
    }
}

/// What happens to a tenant while it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applying {
    /// Writes are refused.
    Forbidden,
    /// A write is never answered, after the first.
    Hangs,
    /// Somebody was faster with a user.
    Moved,
    /// Its configuration is no longer the reviewed one.
    Changed,
    /// The connection is cut after a write took place.
    Cut,
}

impl Applying {
    const ALL: [Self; 5] = [Self::Forbidden, Self::Hangs, Self::Moved, Self::Changed, Self::Cut];

    fn begin(self, at: usize, fake: &FakeFleet, sandbox: &Sandbox) {
        let fake = fake.tenant(at);
        match self {
            Self::Forbidden => fake.fail_always("PATCH", "", Fault::Status(403)),
            Self::Hangs => fake.fail_later("PATCH", "", 1, Fault::Silent),
            Self::Moved => fake.set_state(&user(at, 1), "enabled"),
            Self::Changed => sandbox.append(&configuration(at), "# since the review\n"),
            Self::Cut => fake.fail_next("PATCH", "", Fault::ResetAfter),
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::Forbidden | Self::Moved => "incomplete",
            Self::Hangs => "error",
            Self::Changed => "refused",
            Self::Cut => "done",
        }
    }

    fn mend(self, at: usize, fake: &FakeFleet, sandbox: &Sandbox) {
        fake.tenant(at).mend();
        if self == Self::Changed {
            let text = sandbox.read(&configuration(at)).replace("# since the review\n", "");
            sandbox.write(&configuration(at), &text);
        }
    }
}

fn configuration(at: usize) -> String {
    format!("tenants/t{at}/main.mfa.hcl")
}

/// Who is in trouble: each kind once at least, and a tenth of all. The same seed chooses the same.
fn chosen<T: Copy>(kinds: &[T], from: &mut Vec<usize>, tenants: usize, dice: &mut u64) -> BTreeMap<usize, T> {
    let how_many = kinds.len().max(tenants / 10);
    let mut draw = || {
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from.remove((*dice >> 33) as usize % from.len())
    };
    (0..how_many).map(|number| (draw(), kinds[number % kinds.len()])).collect()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The digest of each tenant's plan.
fn digests(set: &Value) -> BTreeMap<usize, String> {
    let tenants = set["tenants"].as_array().unwrap().iter();
    let planned = tenants.filter(|one| one["status"] == "planned");
    let at = |one: &Value| one["tenant"].as_str().unwrap()[1..].parse().unwrap();
    planned.map(|one| (at(one), one["digest"].as_str().unwrap().to_owned())).collect()
}

fn writes(fake: &FakeFleet, at: usize) -> Vec<(String, String)> {
    let mut writes = fake.tenant(at).writes();
    writes.sort();
    writes
}

fn enforced(fake: &FakeFleet, at: usize) -> usize {
    fake.tenant(at).states().values().filter(|state| state.as_deref() == Some("enforced")).count()
}

const PLAN: [&str; 7] = ["fleet", "plan", "--out", "plans", "--json", "--tenant-timeout", "20s"];

fn apply<'a>(digest: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line =
        ["fleet", "apply", "plans", "--approve-set", digest, "--json", "--tenant-timeout", "20s", "--parallel", "8"];
    [&line[..], more].concat()
}

#[test]
fn a_tenth_in_trouble_changes_nothing_for_the_others() {
    let runtime = runtime();
    let tenants = number("MFAPLAN_TENANTS", 24) as usize;
    let mut dice = number("MFAPLAN_SEED", 7);
    let seed = dice;
    let mut well: Vec<usize> = (0..tenants).collect();
    let planning = chosen(&Planning::ALL, &mut well, tenants, &mut dice);
    let applying = chosen(&Applying::ALL, &mut well, tenants, &mut dice);

    // Without any fault: which plans there are, and what is written.
    let (quiet, calm) = world((0..tenants).map(|_| FakeOptions::default()).collect(), PEOPLE, &runtime);
    let expected = digests(&quiet.run(&PLAN).exits(0).json());
    quiet.run(&apply(&set_digest(&quiet, "plans"), &[])).exits(0);
    assert_eq!(expected.len(), tenants);

    let options = |at: usize| planning.get(&at).map_or_else(FakeOptions::default, |kind| kind.options(seed));
    let (sandbox, fake) = world((0..tenants).map(options).collect(), PEOPLE, &runtime);
    planning.iter().for_each(|(at, kind)| kind.begin(*at, &fake, &sandbox));
    let set = sandbox.run(&PLAN).exits(1).json();
    let planned = digests(&set);
    for at in 0..tenants {
        let there = planning.get(&at).is_none_or(|kind| kind.passes());
        let kind = planning.get(&at);
        assert_eq!(planned.get(&at), expected.get(&at).filter(|_| there), "t{at}, {kind:?}: {set:#}");
    }

    applying.iter().for_each(|(at, kind)| kind.begin(*at, &fake, &sandbox));
    let digest = set_digest(&sandbox, "plans");
    let result = sandbox.run(&apply(&digest, &[])).exits(4).json();
    let status = |result: &Value, at: usize| {
        let mut all = result["tenants"].as_array().unwrap().iter();
        all.find(|one| one["tenant"] == format!("t{at}")).unwrap()["status"].as_str().unwrap().to_owned()
    };
    for at in 0..tenants {
        let expected = match (planning.get(&at), applying.get(&at)) {
            (Some(kind), _) if !kind.passes() => "not_planned",
            (_, Some(kind)) => kind.status(),
            _ => "done",
        };
        assert_eq!(status(&result, at), expected, "t{at}: {result:#}");
    }
    let unharmed = |what: &str| {
        for at in &well {
            assert_eq!(writes(&fake, *at), writes(&calm, *at), "{what}: t{at}");
            assert_eq!(fake.tenant(*at).problems(), [""; 0], "{what}: t{at}");
        }
        for (at, kind) in planning.iter().filter(|(_, kind)| !kind.passes()) {
            assert_eq!(writes(&fake, *at), [], "{what}: t{at}, {kind:?}");
        }
    };
    unharmed("applied");

    // Mended, the run is finished: nobody is written twice, and who had moved stays where somebody put them.
    applying.iter().for_each(|(at, kind)| kind.mend(*at, &fake, &sandbox));
    let finished = sandbox.run(&apply(&digest, &["--resume"])).exits(4).json();
    for (at, kind) in &applying {
        let (expected, people) = if *kind == Applying::Moved { ("incomplete", PEOPLE - 1) } else { ("done", PEOPLE) };
        assert_eq!(
            (&*status(&finished, *at), enforced(&fake, *at)),
            (expected, people),
            "t{at}, {kind:?}: {finished:#}"
        );
        let users: BTreeSet<_> = writes(&fake, *at).into_iter().map(|(user, _)| user).collect();
        let twice = writes(&fake, *at).len() - users.len();
        // A write that was never answered, or whose answer was lost, may be sent again: it says the same.
        assert!(twice <= usize::from(matches!(kind, Applying::Hangs | Applying::Cut)), "t{at}, {kind:?}");
    }
    unharmed("resumed");

    // Each goes back by itself, to exactly where it was.
    let back: Vec<usize> = applying.keys().copied().chain(well.first().copied()).collect();
    for at in &back {
        let directory = format!("tenants/t{at}");
        let history: Value =
            serde_json::from_str(&sandbox.run(&["--chdir", &directory, "history", "--json"]).stdout).unwrap();
        let run = history[0]["run"].as_str().unwrap();
        let mut command = sandbox.command(&["--chdir", &directory, "rollback", run, "--auto-approve"]);
        let said: Said = command.env("AZURE_TENANT_ID", tenant(*at)).output().unwrap().into();
        said.exits(0);
        let moved = usize::from(applying.get(at) == Some(&Applying::Moved));
        let states = fake.tenant(*at).states();
        let count = |wanted: &str| states.values().filter(|state| state.as_deref() == Some(wanted)).count();
        assert_eq!((count("disabled"), count("enabled")), (PEOPLE - moved, moved), "t{at}: {states:?}");
    }
    for at in well.iter().filter(|at| !back.contains(at)) {
        assert_eq!(enforced(&fake, *at), PEOPLE, "t{at} was not rolled back");
    }

    // No token of one tenant at another, and none for somebody of another.
    assert_eq!((fake.lost(), fake.mixed()), (vec![], vec![]));
    for at in 0..tenants {
        let log = fake.tenant(at).log();
        let elsewhere: Vec<_> = log.iter().filter(|one| foreign(&one.path, at)).map(|one| one.path.clone()).collect();
        assert_eq!(elsewhere, [""; 0], "t{at}");
    }
}
