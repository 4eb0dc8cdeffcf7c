//! `required_version`: version constraints in Terraform's operators.

use std::cmp::Ordering;

/// A version: up to three numbers, and a pre-release tag.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    given: usize,
    pre: Option<String>,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) if !pre.is_empty() => (numbers, Some(pre.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let mut version = Self { numbers: [0; 3], given: 0, pre };
        for part in numbers.split('.') {
            *version.numbers.get_mut(version.given)? = part.parse().ok().filter(|_| !part.starts_with('+'))?;
            version.given += 1;
        }
        Some(version)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(b),
        })
    }
}

/// Does `version` meet `constraints` (several joined by commas)?
///
/// # Errors
/// The part that is not a constraint.
pub(crate) fn meets(version: &str, constraints: &str) -> Result<bool, String> {
    let version = Version::parse(version).ok_or_else(|| version.to_owned())?;
    let mut all = true;
    for part in constraints.split(',') {
        all &= meets_one(&version, part.trim()).ok_or_else(|| part.trim().to_owned())?;
    }
    Ok(all)
}

fn meets_one(version: &Version, constraint: &str) -> Option<bool> {
    let digits = constraint.find(|one: char| one.is_ascii_digit() || one == 'v')?;
    let (operator, wanted) = constraint.split_at(digits);
    let wanted = Version::parse(wanted)?;
    let order = version.compare(&wanted);
    Some(match operator.trim() {
        "" | "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        // The last number given may grow, those before it may not.
        "~>" => {
            let fixed = wanted.given.saturating_sub(1).max(1);
            order.is_ge() && version.numbers.get(..fixed) == wanted.numbers.get(..fixed)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::meets;

    #[test]
    fn operators_mean_what_they_mean_in_terraform() {
        let cases = [
            (">= 0.1", true),
            (">= 0.1.0, < 1.0", true),
            ("~> 0.1", true),
            ("~> 0.1.0", true),
            ("~> 0.2", false),
            ("0.1.3", true),
            ("= 0.1.3", true),
            ("!= 0.1.3", false),
            ("> 0.1.3", false),
            ("<= 0.1.3", true),
            ("~> 1", false),
            ("< 0.1.3-beta1", false),
            ("> 0.1.3-beta1", true),
        ];
        for (constraint, met) in cases {
            assert_eq!(meets("0.1.3", constraint), Ok(met), "{constraint}");
        }
        for wrong in ["", "newest", "=> 1", "1.2.3.4", ">= 1,", "1.x", "^1.0"] {
            assert!(meets("0.1.3", wrong).is_err(), "{wrong}");
        }
    }
}
