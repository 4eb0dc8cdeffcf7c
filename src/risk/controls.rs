//! Which controls of the usual frameworks a rule speaks of, as far as one fits.

/// A framework of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Framework {
    /// CIS Microsoft 365 Foundations Benchmark.
    CisM365,
    /// CISA Secure Cloud Business Applications.
    Scuba,
    /// The Essential Eight of the Australian Signals Directorate.
    EssentialEight,
    /// NIST Cybersecurity Framework.
    NistCsf,
}

impl Framework {
    /// Every framework.
    pub(crate) const ALL: [Self; 4] = [Self::CisM365, Self::Scuba, Self::EssentialEight, Self::NistCsf];

    /// Its name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CisM365 => "CIS Microsoft 365",
            Self::Scuba => "CISA SCuBA",
            Self::EssentialEight => "Essential Eight",
            Self::NistCsf => "NIST CSF",
        }
    }

    /// The version whose ids are meant.
    #[must_use]
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::CisM365 => "6.0.0",
            Self::Scuba => "1.5.0",
            Self::EssentialEight => "2023-11",
            Self::NistCsf => "2.0",
        }
    }

    /// Where it is published.
    #[must_use]
    pub(crate) const fn address(self) -> &'static str {
        match self {
            Self::CisM365 => "https://www.cisecurity.org/benchmark/microsoft_365",
            Self::Scuba => {
                "https://www.cisa.gov/resources-tools/services/secure-cloud-business-applications-scuba-project"
            }
            Self::EssentialEight => {
                "https://www.cyber.gov.au/resources-business-and-government/essential-cyber-security/essential-eight"
            }
            Self::NistCsf => "https://www.nist.gov/cyberframework",
        }
    }

    /// Who publishes it.
    #[must_use]
    pub(crate) const fn organization(self) -> &'static str {
        match self {
            Self::CisM365 => "Center for Internet Security",
            Self::Scuba => "Cybersecurity and Infrastructure Security Agency",
            Self::EssentialEight => "Australian Signals Directorate",
            Self::NistCsf => "National Institute of Standards and Technology",
        }
    }
}

/// A control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Control {
    /// Of which framework.
    pub(crate) framework: Framework,
    /// Its id there.
    pub(crate) id: &'static str,
    /// What it asks for.
    pub(crate) title: &'static str,
}

const fn control(framework: Framework, id: &'static str, title: &'static str) -> Control {
    Control { framework, id, title }
}

const CISM365_1_1_1: Control = control(Framework::CisM365, "1.1.1", "Administrative accounts are cloud-only");
const CISM365_1_1_2: Control = control(Framework::CisM365, "1.1.2", "Two emergency access accounts are defined");
const CISM365_1_1_3: Control =
    control(Framework::CisM365, "1.1.3", "Between two and four global administrators are designated");
const CISM365_1_2_2: Control = control(Framework::CisM365, "1.2.2", "Sign-in to shared mailboxes is blocked");
const CISM365_5_1_2_1: Control = control(Framework::CisM365, "5.1.2.1", "Per-user MFA is disabled");
const CISM365_5_2_2_1: Control =
    control(Framework::CisM365, "5.2.2.1", "MFA is enabled for all users in administrative roles");
const CISM365_5_2_2_2: Control = control(Framework::CisM365, "5.2.2.2", "MFA is enabled for all users");
const CISM365_5_2_2_3: Control =
    control(Framework::CisM365, "5.2.2.3", "Conditional Access policies block legacy authentication");
const CISM365_5_2_2_5: Control =
    control(Framework::CisM365, "5.2.2.5", "Phishing-resistant MFA strength is required for administrators");
const CISM365_5_2_3_4: Control = control(Framework::CisM365, "5.2.3.4", "All member users are MFA capable");
const CISM365_5_2_3_5: Control = control(Framework::CisM365, "5.2.3.5", "Weak authentication methods are disabled");
const CISM365_5_3_1: Control =
    control(Framework::CisM365, "5.3.1", "Privileged Identity Management is used to manage roles");
const CISM365_6_5_4: Control = control(Framework::CisM365, "6.5.4", "SMTP AUTH is disabled");
const ESSENTIALEIGHT_MFA_ML1: Control =
    control(Framework::EssentialEight, "MFA-ML1", "Multi-factor authentication, maturity level one");
const ESSENTIALEIGHT_MFA_ML2: Control = control(
    Framework::EssentialEight,
    "MFA-ML2",
    "Multi-factor authentication, maturity level two: phishing-resistant",
);
const ESSENTIALEIGHT_RAP_ML1: Control =
    control(Framework::EssentialEight, "RAP-ML1", "Restrict administrative privileges, maturity level one");
const ESSENTIALEIGHT_RAP_ML2: Control =
    control(Framework::EssentialEight, "RAP-ML2", "Restrict administrative privileges, maturity level two");
const NISTCSF_DE_CM_03: Control =
    control(Framework::NistCsf, "DE.CM-03", "Personnel activity and technology usage are monitored");
const NISTCSF_ID_RA_07: Control = control(
    Framework::NistCsf,
    "ID.RA-07",
    "Changes and exceptions are managed, assessed for risk, recorded, and tracked",
);
const NISTCSF_PR_AA_01: Control =
    control(Framework::NistCsf, "PR.AA-01", "Identities and credentials are managed by the organization");
const NISTCSF_PR_AA_03: Control =
    control(Framework::NistCsf, "PR.AA-03", "Users, services, and hardware are authenticated");
const NISTCSF_PR_AA_05: Control =
    control(Framework::NistCsf, "PR.AA-05", "Access permissions are managed with least privilege");
const NISTCSF_PR_IR_04: Control =
    control(Framework::NistCsf, "PR.IR-04", "Adequate resource capacity to ensure availability is maintained");
const NISTCSF_PR_PS_01: Control =
    control(Framework::NistCsf, "PR.PS-01", "Configuration management practices are applied");
const NISTCSF_PR_PS_02: Control =
    control(Framework::NistCsf, "PR.PS-02", "Software is maintained, replaced, and removed commensurate with risk");
const SCUBA_MS_AAD_1_1V1: Control = control(Framework::Scuba, "MS.AAD.1.1v1", "Legacy authentication is blocked");
const SCUBA_MS_AAD_3_1V1: Control =
    control(Framework::Scuba, "MS.AAD.3.1v1", "Phishing-resistant MFA is enforced for all users");
const SCUBA_MS_AAD_3_2V1: Control = control(
    Framework::Scuba,
    "MS.AAD.3.2v1",
    "An alternative MFA method is enforced where phishing-resistant MFA is not",
);
const SCUBA_MS_AAD_3_4V1: Control =
    control(Framework::Scuba, "MS.AAD.3.4v1", "The migration of authentication methods is complete");
const SCUBA_MS_AAD_3_5V1: Control =
    control(Framework::Scuba, "MS.AAD.3.5v1", "SMS, voice call and e-mail one-time passcodes are disabled");
const SCUBA_MS_AAD_3_6V1: Control =
    control(Framework::Scuba, "MS.AAD.3.6v1", "Phishing-resistant MFA is required for highly privileged roles");
const SCUBA_MS_AAD_7_1V1: Control =
    control(Framework::Scuba, "MS.AAD.7.1v1", "Between two and eight global administrators exist");
const SCUBA_MS_AAD_7_3V1: Control =
    control(Framework::Scuba, "MS.AAD.7.3v1", "Privileged users are cloud-only accounts");
const SCUBA_MS_AAD_7_4V1: Control = control(
    Framework::Scuba,
    "MS.AAD.7.4v1",
    "Permanent active role assignments are not allowed for highly privileged roles",
);
const SCUBA_MS_AAD_8_1V1: Control = control(Framework::Scuba, "MS.AAD.8.1v1", "Guest users have limited access");
const SCUBA_MS_EXO_5_1V1: Control = control(Framework::Scuba, "MS.EXO.5.1v1", "SMTP AUTH is disabled");

/// Rules and their controls. Every rule has one, of NIST CSF 2.0 at least: a test says so.
const OF_RULES: &[(&str, &[Control])] = &[
    ("MFA001", &[NISTCSF_PR_AA_01, NISTCSF_PR_IR_04]),
    ("MFA002", &[CISM365_1_1_2, CISM365_1_1_3, SCUBA_MS_AAD_7_1V1, NISTCSF_PR_IR_04]),
    ("MFA003", &[CISM365_1_1_2, CISM365_1_1_3, SCUBA_MS_AAD_7_1V1, NISTCSF_PR_IR_04]),
    ("MFA004", &[NISTCSF_ID_RA_07]),
    ("MFA005", &[CISM365_5_2_2_3, SCUBA_MS_AAD_1_1V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA006", &[CISM365_6_5_4, SCUBA_MS_EXO_5_1V1, NISTCSF_PR_PS_02]),
    ("MFA007", &[CISM365_5_2_2_3, SCUBA_MS_AAD_1_1V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA008", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
    ("MFA009", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
    ("MFA010", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
    ("MFA011", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
    ("MFA012", &[NISTCSF_PR_AA_01]),
    ("MFA013", &[NISTCSF_PR_AA_01]),
    ("MFA014", &[CISM365_1_2_2, NISTCSF_PR_AA_01]),
    ("MFA015", &[NISTCSF_PR_AA_01]),
    ("MFA017", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
    ("MFA018", &[CISM365_5_2_3_4, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA019", &[CISM365_5_2_3_4, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA020", &[CISM365_5_2_2_5, SCUBA_MS_AAD_3_6V1, ESSENTIALEIGHT_MFA_ML2, NISTCSF_PR_AA_03]),
    ("MFA021", &[CISM365_5_2_3_5, SCUBA_MS_AAD_3_5V1, ESSENTIALEIGHT_MFA_ML2, NISTCSF_PR_AA_03]),
    ("MFA022", &[CISM365_5_2_3_4, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA023", &[CISM365_5_2_3_4, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA024", &[SCUBA_MS_AAD_8_1V1, NISTCSF_PR_AA_05]),
    ("MFA025", &[NISTCSF_PR_AA_03]),
    ("MFA026", &[CISM365_5_2_3_4, NISTCSF_PR_AA_03]),
    ("MFA027", &[CISM365_5_2_3_4, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA028", &[NISTCSF_PR_AA_05]),
    ("MFA029", &[NISTCSF_PR_AA_05]),
    ("MFA030", &[CISM365_5_2_2_3, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA031", &[CISM365_5_2_2_3, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA032", &[NISTCSF_PR_AA_01]),
    ("MFA033", &[NISTCSF_PR_AA_03]),
    ("MFA040", &[CISM365_5_1_2_1, NISTCSF_PR_PS_01]),
    ("MFA042", &[CISM365_5_1_2_1, NISTCSF_PR_PS_01]),
    ("MFA043", &[CISM365_5_1_2_1, NISTCSF_PR_PS_01]),
    ("MFA044", &[NISTCSF_ID_RA_07]),
    ("MFA045", &[NISTCSF_ID_RA_07]),
    ("MFA060", &[CISM365_5_2_2_1, SCUBA_MS_AAD_3_2V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA061", &[CISM365_5_2_2_2, SCUBA_MS_AAD_3_2V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA062", &[CISM365_5_2_2_2, SCUBA_MS_AAD_3_2V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA063", &[CISM365_5_1_2_1, NISTCSF_PR_PS_01]),
    ("MFA064", &[NISTCSF_PR_AA_01]),
    ("MFA065", &[NISTCSF_ID_RA_07]),
    ("MFA066", &[CISM365_5_2_2_3, SCUBA_MS_AAD_1_1V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA067", &[CISM365_5_3_1, SCUBA_MS_AAD_7_4V1, ESSENTIALEIGHT_RAP_ML2, NISTCSF_PR_AA_05]),
    ("MFA068", &[CISM365_5_2_2_5, SCUBA_MS_AAD_3_1V1, NISTCSF_PR_AA_03]),
    ("MFA069", &[CISM365_5_2_2_2, SCUBA_MS_AAD_3_2V1, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA080", &[CISM365_5_1_2_1, CISM365_5_2_2_2, NISTCSF_PR_PS_01]),
    ("MFA081", &[CISM365_5_1_2_1, CISM365_5_2_2_2, NISTCSF_PR_PS_01]),
    ("MFA082", &[CISM365_5_1_2_1, CISM365_5_2_2_2, NISTCSF_PR_PS_01]),
    ("MFA084", &[CISM365_5_2_2_2, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA086", &[SCUBA_MS_AAD_3_4V1, NISTCSF_PR_PS_01]),
    ("MFA087", &[CISM365_1_1_2, CISM365_1_1_3, SCUBA_MS_AAD_7_1V1, NISTCSF_PR_IR_04]),
    ("MFA088", &[CISM365_5_2_2_2, ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_01]),
    ("MFA089", &[NISTCSF_ID_RA_07]),
    ("MFA090", &[NISTCSF_ID_RA_07]),
    ("MFA091", &[NISTCSF_DE_CM_03]),
    ("MFA092", &[NISTCSF_DE_CM_03]),
    ("MFA093", &[CISM365_6_5_4, SCUBA_MS_EXO_5_1V1, NISTCSF_PR_PS_02]),
    ("MFA094", &[NISTCSF_ID_RA_07]),
    ("MFA095", &[CISM365_5_2_3_5, SCUBA_MS_AAD_3_5V1, ESSENTIALEIGHT_MFA_ML2, NISTCSF_PR_AA_03]),
    ("MFA096", &[CISM365_1_1_1, CISM365_1_1_2, SCUBA_MS_AAD_7_3V1, NISTCSF_PR_IR_04]),
    ("MFA097", &[ESSENTIALEIGHT_MFA_ML1, NISTCSF_PR_AA_03]),
    ("MFA098", &[NISTCSF_DE_CM_03]),
    ("MFA099", &[ESSENTIALEIGHT_RAP_ML1, NISTCSF_PR_AA_01]),
];

/// The controls of a rule; none for an organisation's own.
#[must_use]
pub(crate) fn of(rule: &str) -> &'static [Control] {
    OF_RULES.iter().find(|(id, _)| *id == rule).map_or(&[], |(_, controls)| controls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_controls_of_nist_at_least_and_none_is_of_no_rule() {
        let rules: Vec<&str> = crate::risk::registry().iter().map(|rule| rule.id).collect();
        for rule in &rules {
            assert!(of(rule).iter().any(|one| one.framework == Framework::NistCsf), "{rule}");
        }
        for (rule, _) in OF_RULES {
            assert!(rules.contains(rule), "{rule}");
        }
        for framework in Framework::ALL {
            assert!(OF_RULES.iter().any(|(_, all)| all.iter().any(|one| one.framework == framework)), "{framework:?}");
        }
    }
}
