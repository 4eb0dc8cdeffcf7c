//! Labels for text on a terminal. Renderers say what something is; only this file knows colours.

use console::Style;

use crate::{diff::Action, severity::Severity};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// A title.
    Heading,
    /// A severity, or a rule of that severity.
    Severity(Severity),
    /// The symbol of an action.
    Action(Action),
    /// Something that waits.
    Hold,
    /// Something withheld or refused.
    Stop,
    /// All is well.
    Good,
    /// Beside the point.
    Quiet,
}

/// Applies labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Painter {
    color: bool,
}

impl Painter {
    /// With or without escape codes. The choice is the caller's, who knows the terminal and `NO_COLOR`.
    #[must_use]
    pub(crate) const fn new(color: bool) -> Self {
        Self { color }
    }

    /// The text with its label.
    #[must_use]
    pub(crate) fn paint(self, label: Label, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = Style::new().force_styling(true);
        let style = match label {
            Label::Heading => style.bold(),
            Label::Severity(Severity::Critical) | Label::Stop => style.red().bold(),
            Label::Severity(Severity::High) => style.red(),
            Label::Severity(Severity::Medium) | Label::Hold => style.yellow(),
            Label::Severity(Severity::Low | Severity::Info) | Label::Quiet => style.dim(),
            Label::Action(Action::Enable | Action::Enforce) | Label::Good => style.green(),
            Label::Action(Action::Relax | Action::Disable) => style.magenta(),
        };
        style.apply_to(text).to_string()
    }
}
