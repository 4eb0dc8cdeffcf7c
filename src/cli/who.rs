//! Who applies, and where: for the first line of a journal.

use crate::{
    apply::journal::v1::{By, Identity, Pipeline},
    tenant::Text,
};

use super::{
    Context, Failure,
    environment::Environment,
    runtime,
    tenant::{Port, Tenant},
};

/// Whoever runs this program, signed in to this tenant.
pub(super) fn by(tenant: &Tenant, context: &Context) -> Result<By, Failure> {
    let unknown = || "unknown".to_owned();
    let identity = match &tenant.port {
        Port::Snapshot(_) => None,
        Port::Graph(graph) => {
            let claims = runtime::online()?.block_on(graph.signed_in())?.claims;
            Some(Identity {
                user_principal_name: claims.upn.map(Text::from),
                application: claims.appid.or(claims.azp).map(Text::from),
                object_id: claims.oid.map(Text::from),
            })
        }
    };
    Ok(By {
        user: whoami::username().unwrap_or_else(|_| unknown()).into(),
        host: whoami::hostname().unwrap_or_else(|_| unknown()).into(),
        identity,
        ci: pipeline(&context.env),
    })
}

/// The pipeline that this runs in, as its environment tells.
pub(super) fn pipeline(env: &Environment) -> Option<Pipeline> {
    let get = |name: &str| env.get(name).map(Text::from);
    if let Some(repository) = env.get("GITHUB_REPOSITORY") {
        let server = env.get("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
        return Some(Pipeline {
            url: env.get("GITHUB_RUN_ID").map(|run| format!("{server}/{repository}/actions/runs/{run}").into()),
            commit: get("GITHUB_SHA"),
            actor: get("GITHUB_ACTOR"),
            repository: Some(repository.into()),
        });
    }
    if let Some(repository) = get("CI_PROJECT_PATH") {
        return Some(Pipeline {
            repository: Some(repository),
            commit: get("CI_COMMIT_SHA"),
            actor: get("GITLAB_USER_LOGIN"),
            url: get("CI_JOB_URL"),
        });
    }
    let build = env.get("BUILD_BUILDID")?;
    let address = env.get("SYSTEM_COLLECTIONURI").zip(env.get("SYSTEM_TEAMPROJECT"));
    Some(Pipeline {
        repository: get("BUILD_REPOSITORY_NAME"),
        commit: get("BUILD_SOURCEVERSION"),
        actor: get("BUILD_REQUESTEDFOR"),
        url: address.map(|(server, project)| format!("{server}{project}/_build/results?buildId={build}").into()),
    })
}
