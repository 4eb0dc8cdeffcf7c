//! The proof: the text is loaded and planned like any other configuration.

use std::path::Path;

use crate::{
    config::{LoadInput, Overlay, load_over},
    diag::{Diagnostic, SourceMap},
    plan::{BuildError, BuildInput, Plan, build},
    risk,
    tenant::ObservedTenant,
};

use super::Imported;

/// The text could not be planned. That is a defect of the generator, so it is told with everything there is.
#[derive(Debug)]
pub(crate) struct ProofError {
    /// What the configuration's own diagnostics say.
    pub diagnostics: Vec<Diagnostic>,
    /// The text they point into.
    pub sources: SourceMap,
}

/// Plans the imported text on the tenant it was made from. The caller looks at the plan: it has to be without changes.
///
/// # Errors
/// When the text does not load or does not fit the tenant; also when nobody is claimed (see [`Imported::claimed`]).
pub(crate) fn prove(
    imported: &Imported,
    tenant: &ObservedTenant,
    instant: jiff::Timestamp,
) -> Result<Plan, Box<ProofError>> {
    let dir = Path::new("import");
    let mut overlay = Overlay::alone();
    for (name, text) in imported.files() {
        overlay.insert(dir.join(name), text);
    }
    let known_rules = risk::known_rules();
    let input = LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant,
        allow_files: &[],
        known_rules: &known_rules,
    };
    let config = load_over(input, &overlay)
        .map_err(|failure| Box::new(ProofError { diagnostics: failure.diagnostics, sources: failure.sources }))?;
    let input = BuildInput { config: &config, tenant, targets: &[], waivers: &[], created_at: instant, assumed: None };
    match build(&input) {
        Ok(built) => Ok(built.plan),
        Err(BuildError::Diagnostics(diagnostics)) => Err(Box::new(ProofError { diagnostics, sources: config.sources })),
        Err(BuildError::Target(wrong)) => {
            let diagnostics = wrong.into_iter().map(|one| Diagnostic::error("Wrong target", one.message)).collect();
            Err(Box::new(ProofError { diagnostics, sources: config.sources }))
        }
    }
}
