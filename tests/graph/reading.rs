//! What is read of a tenant, and what is said of what cannot be.

use super::*;

#[tokio::test]
async fn every_fact_of_the_tenant_arrives() {
    let fake = start(45, FakeOptions { page_size: 20, ..FakeOptions::default() }).await;
    let tenant = read(&fake).await;
    assert_eq!(unavailable(&tenant), BTreeMap::new());
    assert_eq!(states(&tenant), expected(45));
    assert_eq!((tenant.id.to_string().as_str(), tenant.name.as_str()), (TENANT, "Contoso"));
    assert_eq!(tenant.service_plans.as_ref().unwrap()[..], ["AAD_PREMIUM", "AAD_PREMIUM_P2"]);
    assert_eq!(tenant.security_defaults_enabled, Some(false));
    assert_eq!(tenant.policy_migration_state.as_deref(), Some("migrationComplete"));
    let domains = tenant.domains.as_ref().unwrap();
    assert!(!domains[0].federated);
    assert_eq!(domains[1].federated_idp_mfa_behavior.as_deref(), Some("enforceMfaByFederatedIdp"));
    let service = tenant.mfa_service_policy.as_ref().unwrap();
    assert_eq!((service.allow_app_passwords, service.remember_mfa_days), (Some(true), Some(14)));
    assert_eq!(service.trusted_ips.as_ref().unwrap()[..], ["192.0.2.0/24"]);
    assert_eq!(tenant.conditional_access.as_ref().unwrap()[0].display_name, "Require MFA");
    assert_eq!(tenant.groups[0].display_name, "SG-Finance O'Brien");
    assert_eq!(tenant.operator_id, None, "an application is no operator");

    let one = user(&tenant, 6);
    assert_eq!(one.user_principal_name, "user00006@contoso.com");
    assert_eq!(one.job_title.as_deref(), Some("Clerk"));
    assert!(one.department.is_none() && one.empty.contains(Attribute::Department), "null is known to be empty");
    assert!(one.company_name.is_none() && !one.empty.contains(Attribute::CompanyName), "missing is unknown");
    assert_eq!((one.on_premises_sync_enabled, one.account_enabled), (Some(false), Some(true)));
    assert_eq!(one.password_never_expires, Some(true));
    assert_eq!(one.licenses.as_ref().unwrap()[..], ["SPE_E3", "EMS"]);
    assert_eq!(one.extension_attributes.as_ref().unwrap()[0].as_deref(), Some("cost-4711"));
    assert_eq!((one.registered, one.mfa_capable, one.device_count), (Some(true), Some(true), Some(0)));
    assert_eq!(one.methods.as_ref().unwrap()[..], ["microsoftAuthenticatorPush"]);
    assert_eq!(one.member_of.as_ref().unwrap()[0].to_string(), FINANCE);
    assert!(user(&tenant, 7).member_of.as_ref().unwrap().is_empty());
    assert_eq!(one.mailbox_purpose, Some(MailboxPurpose::User));
    assert_eq!(one.last_sign_in, LastSignIn::At("2026-11-19T08:00:00Z".parse().unwrap()));
    assert_eq!(one.last_interactive_sign_in, LastSignIn::At("2026-11-18T08:00:00Z".parse().unwrap()));
    let admin = &user(&tenant, 1).directory_roles.as_ref().unwrap()[0];
    assert_eq!((admin.display_name.as_str(), admin.permanent), ("Global Administrator", true));
    assert!(!user(&tenant, 2).directory_roles.as_ref().unwrap()[0].permanent, "eligible only");

    let log = one.sign_ins.as_ref().unwrap();
    assert_eq!(
        (log.interactive, log.interactive_mfa, log.non_interactive, log.failed),
        (Some(5), Some(2), Some(4), Some(1))
    );
    assert_eq!((log.ropc, log.app_password, log.distinct_ips, log.active_hours), (Some(1), Some(0), Some(3), Some(4)));
    let legacy = &log.legacy.as_ref().unwrap()[0];
    assert_eq!((legacy.protocol.as_str(), legacy.count, legacy.distinct_ips), ("Authenticated SMTP", 2, Some(1)));
    assert_eq!(legacy.last, Some("2026-11-12T08:00:00Z".parse().unwrap()));
    assert_eq!((log.apps.as_ref().unwrap()[0].count, log.clients.as_ref().unwrap().len()), (5, 1));

    assert_eq!(fake.problems(), Vec::<String>::new());
    assert_eq!(fake.writes(), [], "reading writes nothing");
    assert!(fake.log().iter().all(|one| one.method == "GET" || one.path == "/$batch" || one.version == "login"));
}

#[tokio::test]
async fn states_in_the_list_are_taken_after_a_probe_and_dropped_on_any_doubt() {
    for (bulk, batched) in [
        (BulkState::Served, 0..=20),
        (BulkState::Absent, 120..=120),
        (BulkState::Stale, 120..=120),
        (BulkState::Refused, 120..=120),
    ] {
        let fake = start(120, FakeOptions { bulk_state: bulk, page_size: 50, ..FakeOptions::default() }).await;
        let tenant = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(120), "{bulk:?}");
        let documented = fake.log().iter().filter(|one| one.path.ends_with("/requirements")).count();
        assert!(batched.contains(&documented), "{bulk:?}: {documented} documented reads");
        assert_eq!(fake.problems(), Vec::<String>::new());
    }
    let fake = start(120, FakeOptions { bulk_state: BulkState::Partial, ..FakeOptions::default() }).await;
    let tenant = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap();
    assert_eq!(states(&tenant), expected(120), "users without the property are read one by one");
}

#[tokio::test]
async fn what_is_refused_becomes_unavailable_with_its_reason() {
    let refused = ["AuditLog.Read.All", "RoleManagement.Read.Directory", "MailboxSettings.Read", "Domain.Read.All"];
    let fake = start(9, FakeOptions::default().without(&refused)).await;
    let tenant = read(&fake).await;
    let reasons = unavailable(&tenant);
    assert_eq!(
        reasons.keys().copied().collect::<Vec<_>>(),
        ["domains", "mailbox_purpose", "registration", "roles", "sign_in_activity", "sign_ins"]
    );
    assert!(reasons["sign_ins"].contains("AuditLog.Read.All (403"), "{}", reasons["sign_ins"]);
    assert!(tenant.users().iter().all(|user| user.sign_ins.is_none() && user.registered.is_none()));
    assert!(tenant.users().iter().all(|user| user.last_sign_in == LastSignIn::Unknown), "unknown is not never");
    let mailbox = fake.log().iter().filter(|one| one.path.contains("mailboxSettings")).count();
    assert_eq!(mailbox, 0, "one request a user is not sent where the token says that none may be");
}

#[tokio::test]
async fn without_p1_methods_are_asked_user_by_user() {
    let fake = start(30, FakeOptions { premium: Some(false), premium_p2: Some(false), ..FakeOptions::default() }).await;
    let tenant = read(&fake).await;
    let reasons = unavailable(&tenant);
    assert!(!reasons.contains_key("registration"));
    assert!(reasons["sign_ins"].contains("licence") && reasons["role_eligibility"].contains("licence"), "{reasons:?}");
    assert_eq!((user(&tenant, 0).registered, user(&tenant, 0).mfa_capable), (Some(true), None));
    assert_eq!(user(&tenant, 0).methods.as_ref().unwrap()[..], ["microsoftAuthenticatorPush"]);
    assert_eq!(user(&tenant, 1).registered, Some(false));
}

#[tokio::test]
async fn mandatory_reads_are_errors_that_say_what_to_grant() {
    let fake =
        start(3, FakeOptions::default().without(&["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"])).await;
    let error = connect(&fake).await.read(&request(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read the per-user MFA state: the sign-in lacks"), "{error}");
    assert!(error.hints[0].contains("grant Policy.Read.All"), "{:?}", error.hints);
    assert_eq!(error.status, Some(403));

    let fake = start(3, FakeOptions::default().without(&["GroupMember.Read.All"])).await;
    let error = connect(&fake).await.read(&request(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("the group \"sg-finance o'brien\", which the configuration names"), "{error}");

    let fake = start(3, FakeOptions::default().without(&["RoleManagement.Read.Directory"])).await;
    let needed = ReadRequest { roles_required: true, ..request() };
    let error = connect(&fake).await.read(&needed, &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("directory roles"), "{error}");
}

#[tokio::test]
async fn a_named_group_that_cannot_be_read_whole_is_an_error_that_names_it() {
    for (fault, page) in [
        (Fault::Status(404), "transitiveMembers"),
        (Fault::Status(400), "transitiveMembers"),
        (Fault::Status(404), "skiptoken"),
    ] {
        let fake = start(12, FakeOptions { page_size: 2, ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        if page == "skiptoken" {
            // The first page is answered, the second breaks off.
            fake.fail_later("GET", "transitiveMembers", 1, fault);
        } else {
            fake.fail_always("GET", page, fault);
        }
        let error = graph.read(&request(), &Heard::default()).await.unwrap_err();
        assert!(error.to_string().contains("cannot read all members of the group \"SG-Finance O'Brien\""), "{error}");
        assert!(error.to_string().contains(FINANCE), "{error}");
    }
}

#[tokio::test]
async fn a_group_that_does_not_exist_brings_the_names_of_the_others() {
    let fake = start(3, FakeOptions::default()).await;
    let groups = BTreeSet::from(["SG-Finanze".into(), FINANCE.into(), "b0000000-0000-4000-8000-00000000dead".into()]);
    let tenant = connect(&fake).await.read(&ReadRequest { groups, ..request() }, &Heard::default()).await.unwrap();
    let names: Vec<_> = tenant.groups.iter().map(|group| group.display_name.as_str()).collect();
    assert_eq!(names, ["SG-Excluded", "SG-Finance O'Brien"]);
}

#[tokio::test]
async fn planned_users_are_read_and_nobody_else() {
    let fake = start(300, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    fake.clear_log();
    fake.delete(&id(9).to_string());
    fake.fail_always("GET", &id(4).to_string(), Fault::Status(500));
    let users: BTreeSet<UserId> = [2, 4, 9, 12].map(id).into();
    let request = ReadRequest { users: Some(users), groups: request().groups, count_enabled: true, ..states_only() };
    let tenant = graph.read(&request, &Heard::default()).await.unwrap();
    assert_eq!(tenant.enabled_users, Some(240), "every fifth is disabled, and 9 is one of them");
    assert_eq!(
        tenant.users().iter().map(|user| user.id).collect::<Vec<_>>(),
        [id(2), id(12)],
        "9 is gone, 4 is unread"
    );
    assert_eq!(tenant.unread.iter().map(|one| one.user).collect::<Vec<_>>(), [id(4)]);
    assert_eq!(user(&tenant, 12).mfa_state, MfaState::Disabled.into());
    assert_eq!(user(&tenant, 12).member_of.as_deref().map(<[_]>::len), Some(1));
    let asked = fake.log().into_iter().filter(|one| one.path.starts_with("/users"));
    let lists: Vec<_> = asked.clone().filter(|one| one.path == "/users").collect();
    assert!(lists.len() == 1 && lists[0].query.contains("$top=1"), "they are counted and not listed: {lists:?}");
    let strangers = asked
        .filter(|one| one.path != "/users" && ![2, 4, 9, 12].iter().any(|n| one.path.contains(&id(*n).to_string())))
        .count();
    assert_eq!(strangers, 0);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_role_over_an_administrative_unit_and_an_agents_account_are_told_apart() {
    let mut seed: serde_json::Value = serde_json::from_str(&seed(4)).unwrap();
    let users = seed["users"].as_array_mut().unwrap();
    let role = serde_json::json!({"templateId": "fe930be7-5e62-47db-91af-98c3a49a38b1", "displayName": "User Administrator",
        "permanent": true});
    let mut over_a_unit = role.clone();
    over_a_unit["directoryScopeId"] = "/administrativeUnits/b0000000-0000-4000-8000-0000000000aa".into();
    // One holds the role over a unit, one over the directory too.
    users[0]["directoryRoles"] = serde_json::json!([over_a_unit]);
    users[3]["directoryRoles"] = serde_json::json!([role, over_a_unit]);
    users[1]["@odata.type"] = "#microsoft.graph.agentUser".into();
    users[2]["identityParentId"] = "b0000000-0000-4000-8000-0000000000bb".into();
    let fake = FakeGraph::start(&seed.to_string(), FakeOptions::default()).await;
    let tenant = read(&fake).await;
    let scopes = |n| -> Vec<Option<&str>> {
        user(&tenant, n).directory_roles.iter().flatten().map(|role| role.scope.as_deref()).collect()
    };
    let unit = Some("/administrativeUnits/b0000000-0000-4000-8000-0000000000aa");
    assert_eq!(scopes(0), [unit]);
    let mut both = scopes(3);
    both.sort_unstable();
    assert_eq!(both, [None, unit]);
    assert_eq!((0..4).map(|n| user(&tenant, n).is_agent).collect::<Vec<_>>(), [false, true, true, false]);
}
