//! From the syntax tree to the compiled form.

use hcl_edit::{
    Span as _,
    expr::{BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, TraversalOperator, UnaryOperator},
};

use super::{
    CompileContext, Number, References, UserField, Value,
    functions::{self, Function},
    ir::{Call, For, Kind, Node, Op, Root, Step},
    scope::{CHANGE, TENANT, WAVE},
};
use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span},
    tenant::Text,
};

/// How many steps (`.a`, `[0]`, `[*]`) one reference may have. Nothing real has ten.
const MAX_STEPS: usize = 1000;

/// The attributes of the fixed objects.
const PLAN: [&str; 1] = ["summary"];
const PATH: [&str; 3] = ["module", "root", "cwd"];

/// `1.e5`, which the parser takes for an attribute of a number and HCL for a number.
fn with_bare_point(source: &Expression, operators: &[&TraversalOperator]) -> Option<Number> {
    let (Expression::Number(number), [TraversalOperator::GetAttr(name)]) = (source, operators) else { return None };
    let repr = number.as_repr().map(|repr| repr.to_string())?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = name.as_str().strip_prefix(['e', 'E']).filter(|rest| digits(rest))?;
    let adjacent = number.span()?.end + 1 == name.span()?.start;
    if adjacent && digits(&repr) { Number::parse(&format!("{repr}e{exponent}")) } else { None }
}

/// What one compilation carries along.
pub(super) struct Compiler<'a> {
    pub(super) file: FileId,
    pub(super) cx: &'a CompileContext,
    pub(super) diags: &'a mut Diagnostics,
    pub(super) references: References,
    /// The variables of the `for` expressions around: key and value, innermost last.
    pub(super) loops: Vec<(Option<Text>, Text)>,
}

impl Compiler<'_> {
    pub(super) fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        Span::new(self.file, range.start + self.cx.offset..range.end + self.cx.offset)
    }

    fn refuse(&mut self, diagnostic: Diagnostic) -> Option<Kind> {
        self.diags.push(diagnostic);
        None
    }

    /// Compiles one expression. All its parts are looked at even when one is wrong, so that all problems are reported.
    pub(super) fn node(&mut self, expr: &Expression) -> Option<Node> {
        let span = self.span(expr.span());
        let kind = self.kind(expr, span)?;
        let node = Node { span, kind };
        Some(if foldable(&node) { super::run::fold(node) } else { node })
    }

    fn nodes<'e>(&mut self, exprs: impl Iterator<Item = &'e Expression>) -> Option<Vec<Node>> {
        let nodes: Vec<_> = exprs.map(|expr| self.node(expr)).collect();
        nodes.into_iter().collect()
    }

    fn boxed(&mut self, a: &Expression, b: &Expression) -> Option<Box<(Node, Node)>> {
        let (a, b) = (self.node(a), self.node(b));
        Some(Box::new((a?, b?)))
    }

    fn kind(&mut self, expr: &Expression, span: Span) -> Option<Kind> {
        match expr {
            Expression::Null(_) => Some(Kind::Const(Value::Null)),
            Expression::Bool(bool) => Some(Kind::Const(Value::Bool(*bool.value()))),
            Expression::String(text) => Some(Kind::Const(Value::normalised(text.value()))),
            Expression::Number(number) => {
                let source = number.as_repr().map_or_else(|| number.value().to_string(), |repr| repr.to_string());
                let source: String = source.chars().filter(|char| !char.is_whitespace()).collect();
                match Number::parse(&source) {
                    Some(number) => Some(Kind::Const(Value::Number(number))),
                    None => self.refuse(
                        Diagnostic::error("Invalid number literal", "This number is out of range.").at(span, ""),
                    ),
                }
            }
            Expression::Array(elements) => self.nodes(elements.iter()).map(Kind::Tuple),
            Expression::Object(object) => {
                let entries: Vec<_> = object
                    .iter()
                    .map(|(key, value)| {
                        let key = match key {
                            ObjectKey::Ident(name) => Some(Node {
                                span: self.span(name.span()),
                                kind: Kind::Const(Value::normalised(name.as_str())),
                            }),
                            // A word before `=` is a name, this one too; `(null)` is the value.
                            ObjectKey::Expression(Expression::Null(word)) => {
                                Some(Node { span: self.span(word.span()), kind: Kind::Const(Value::string("null")) })
                            }
                            ObjectKey::Expression(expr) => self.node(expr),
                        };
                        let value = self.node(value.expr());
                        Some((key?, value?))
                    })
                    .collect();
                entries.into_iter().collect::<Option<_>>().map(Kind::Object)
            }
            Expression::StringTemplate(template) => self.string_template(template),
            Expression::HeredocTemplate(heredoc) => self.heredoc(heredoc),
            Expression::Parenthesis(inner) => self.node(inner.inner()).map(|node| node.kind),
            Expression::Variable(name) => self.reference(name.as_str(), span, &[], span),
            Expression::Conditional(conditional) => {
                let condition = self.node(&conditional.cond_expr);
                let branches = self.boxed(&conditional.true_expr, &conditional.false_expr);
                let (yes, no) = *branches?;
                Some(Kind::Conditional(Box::new((condition?, yes, no))))
            }
            Expression::FuncCall(call) => self.call(call, span),
            Expression::Traversal(traversal) => {
                let operators: Vec<_> = traversal.operators.iter().map(|operator| operator.value()).collect();
                if operators.len() > MAX_STEPS {
                    let detail = format!("A reference may have at most {MAX_STEPS} steps.");
                    return self.refuse(Diagnostic::error("Expression too long", detail).at(span, ""));
                }
                if let Some(number) = with_bare_point(&traversal.expr, &operators) {
                    return Some(Kind::Const(Value::Number(number)));
                }
                if let Expression::Variable(name) = &traversal.expr {
                    let at = self.span(name.span());
                    return self.reference(name.as_str(), at, &operators, span);
                }
                let source = self.node(&traversal.expr);
                let steps = self.steps(&operators);
                Some(Kind::Path(Box::new(source?), steps?))
            }
            Expression::UnaryOp(unary) => {
                let inner = Box::new(self.node(&unary.expr)?);
                Some(match unary.operator.value() {
                    UnaryOperator::Not => Kind::Not(inner),
                    UnaryOperator::Neg => Kind::Negate(inner),
                })
            }
            Expression::BinaryOp(binary) => {
                let operands = self.boxed(&binary.lhs_expr, &binary.rhs_expr)?;
                Some(match binary.operator.value() {
                    BinaryOperator::And => Kind::And(operands),
                    BinaryOperator::Or => Kind::Or(operands),
                    BinaryOperator::Eq => Kind::Binary(Op::Equal, operands),
                    BinaryOperator::NotEq => Kind::Binary(Op::NotEqual, operands),
                    BinaryOperator::Less => Kind::Binary(Op::Less, operands),
                    BinaryOperator::LessEq => Kind::Binary(Op::LessEqual, operands),
                    BinaryOperator::Greater => Kind::Binary(Op::Greater, operands),
                    BinaryOperator::GreaterEq => Kind::Binary(Op::GreaterEqual, operands),
                    BinaryOperator::Plus => Kind::Binary(Op::Add, operands),
                    BinaryOperator::Minus => Kind::Binary(Op::Subtract, operands),
                    BinaryOperator::Mul => Kind::Binary(Op::Multiply, operands),
                    BinaryOperator::Div => Kind::Binary(Op::Divide, operands),
                    BinaryOperator::Mod => Kind::Binary(Op::Remainder, operands),
                })
            }
            Expression::ForExpr(expr) => self.for_expr(expr),
        }
    }

    fn for_expr(&mut self, expr: &ForExpr) -> Option<Kind> {
        let collection = self.node(&expr.intro.collection_expr);
        let key_name = expr.intro.key_var.as_ref().map(|name| Text::from(name.as_str()));
        self.loops.push((key_name, Text::from(expr.intro.value_var.as_str())));
        let key = expr.key_expr.as_ref().map(|key| self.node(key));
        let value = self.node(&expr.value_expr);
        let condition = expr.cond.as_ref().map(|cond| self.node(&cond.expr));
        self.loops.pop();
        Some(Kind::For(Box::new(For {
            collection: collection?,
            condition: match condition {
                Some(node) => Some(node?),
                None => None,
            },
            key: match key {
                Some(node) => Some(node?),
                None => None,
            },
            value: value?,
            grouping: expr.grouping,
        })))
    }

    /// The steps after a source. What stands behind `[*]` is done for each element, a further splat too; the older `.*`
    /// takes the attributes and numbers behind it, and no splat.
    fn steps(&mut self, operators: &[&TraversalOperator]) -> Option<Vec<Step>> {
        if operators.iter().filter(|one| is_splat(one)).count() > MAX_SPLATS {
            let problem =
                Diagnostic::error("Expression too deep", format!("There are more than {MAX_SPLATS} splats here."));
            self.diags.push(problem);
            return None;
        }
        let mut steps: Vec<Option<Step>> = Vec::new();
        let mut rest = operators;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match first {
                TraversalOperator::FullSplat(_) => {
                    steps.push(self.steps(after).map(Step::Splat));
                    break;
                }
                TraversalOperator::AttrSplat(star) => {
                    let inside = |one: &&TraversalOperator| {
                        matches!(one, TraversalOperator::GetAttr(_) | TraversalOperator::LegacyIndex(_))
                    };
                    let (inside, after) = after.split_at(after.iter().take_while(|one| inside(one)).count());
                    if matches!(after.first(), Some(TraversalOperator::AttrSplat(_))) {
                        let span = self.span(star.span());
                        let problem = Diagnostic::error(
                            "Nested splat expression not allowed",
                            "A splat expression (*) cannot be used inside another attribute-only splat expression.",
                        )
                        .at(span, "")
                        .hint("write `[*]` instead of `.*`");
                        self.diags.push(problem);
                        return None;
                    }
                    rest = after;
                    let inner: Vec<_> = inside.iter().map(|one| self.step(one)).collect();
                    steps.push(inner.into_iter().collect::<Option<_>>().map(Step::Splat));
                }
                other => steps.push(self.step(other)),
            }
        }
        steps.into_iter().collect()
    }

    fn step(&mut self, operator: &TraversalOperator) -> Option<Step> {
        Some(match operator {
            TraversalOperator::GetAttr(name) => {
                let span = self.span(name.span());
                Step::Attr(Text::from(name.as_str()), span)
            }
            TraversalOperator::Index(expr) => Step::Index(self.node(expr)?),
            TraversalOperator::LegacyIndex(index) => {
                let span = self.span(index.span());
                Step::Index(Node { span, kind: Kind::Const(Value::from(*index.value())) })
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Step::Splat(Vec::new()),
        })
    }

    /// A reference: a loop variable, or one of the fixed roots with its first attribute.
    fn reference(&mut self, name: &str, at: Span, operators: &[&TraversalOperator], span: Span) -> Option<Kind> {
        for (up, (key, value)) in self.loops.iter().rev().enumerate() {
            let is_key = key.as_ref().is_some_and(|key| *key == name);
            if is_key || *value == name {
                let kind = Kind::Loop { up, key: is_key, name: name.into() };
                let steps = self.steps(operators)?;
                return Some(path(kind, at, steps));
            }
        }
        let extra = self.cx.extra.contains(name);
        let whole = extra || matches!(name, "change" | "wave" | "plan" | "tenant");
        if !self.cx.roots().contains(&name) {
            return self.unknown_root(name, at, operators);
        }
        if whole {
            let steps = self.steps(operators);
            if let Some((attribute, place)) = self.first_attribute(operators) {
                let known: Vec<&str> = match name {
                    // A place may give a name of the language more than it has elsewhere.
                    _ if extra => Vec::new(),
                    "change" => CHANGE.iter().map(|one| one.name).collect(),
                    "wave" => WAVE.iter().map(|one| one.name).collect(),
                    "plan" => PLAN.into(),
                    "tenant" => TENANT.iter().map(|one| one.name).collect(),
                    _ => Vec::new(),
                };
                if !known.is_empty() && !known.contains(&&*attribute) {
                    return self.unsupported(name, &attribute, place, &known);
                }
            }
            let root = match name {
                _ if extra => {
                    self.references.extra.insert(name.into());
                    Root::Extra(name.into())
                }
                "change" => {
                    self.references.change = true;
                    Root::Change
                }
                "wave" => {
                    self.references.wave = true;
                    Root::Wave
                }
                "plan" => {
                    self.references.plan = true;
                    Root::Plan
                }
                _ => {
                    self.references.tenant = true;
                    let one = self.first_attribute(operators).is_some_and(|(attribute, _)| &*attribute != "users");
                    self.references.everybody |= !one;
                    Root::Tenant
                }
            };
            return Some(path(Kind::Root(root), at, steps?));
        }
        let Some((attribute, place)) = self.first_attribute(operators) else {
            let detail = format!("`{name}` is not a value by itself; name one of its attributes: `{name}.…`.");
            return self.refuse(Diagnostic::error("Invalid reference", detail).at(at, ""));
        };
        let steps = self.steps(operators.get(1..).unwrap_or_default());
        let root = match name {
            "var" => self.declared("var", attribute, place)?,
            "local" => self.declared("local", attribute, place)?,
            "module" => self.module(attribute, place, operators.get(1..).unwrap_or_default())?,
            "each" => {
                self.references.each = true;
                match &*attribute {
                    "key" => Root::EachKey,
                    "value" => Root::EachValue,
                    other => return self.unsupported("each", other, place, &["key", "value"]),
                }
            }
            "path" => match &*attribute {
                "module" => Root::PathModule,
                "root" => Root::PathTop,
                "cwd" => Root::PathCwd,
                other => return self.unsupported("path", other, place, &PATH),
            },
            _ => {
                let Some(field) = UserField::ALL.iter().find(|field| field.as_str() == &*attribute) else {
                    let names: Vec<_> = UserField::ALL.iter().map(|field| field.as_str()).collect();
                    return self.unsupported("user", &attribute, place, &names);
                };
                self.references.mention(*field);
                Root::User(*field)
            }
        };
        let root_span = Span { end: place.end, ..at };
        let kind = path(Kind::Root(root), if operators.len() == 1 { span } else { root_span }, steps?);
        Some(kind)
    }

    /// `.name` or `["name"]` as the first step.
    fn first_attribute(&self, operators: &[&TraversalOperator]) -> Option<(Text, Span)> {
        match operators.first()? {
            TraversalOperator::GetAttr(name) => Some((Text::from(name.as_str()), self.span(name.span()))),
            TraversalOperator::Index(Expression::String(name)) => {
                Some((Text::from(name.value().as_str()), self.span(name.span())))
            }
            _ => None,
        }
    }

    fn declared(&mut self, root: &str, name: Text, place: Span) -> Option<Root> {
        let (names, what) =
            if root == "var" { (&self.cx.vars, "input variable") } else { (&self.cx.locals, "local value") };
        if names.contains(name.as_str()) {
            return Some(if root == "var" {
                self.references.vars.insert(name.clone());
                Root::Var(name)
            } else {
                self.references.locals.insert(name.clone());
                Root::Local(name)
            });
        }
        let how = if root == "var" {
            format!("declare it with a `variable \"{name}\"` block")
        } else {
            "declare it in a `locals` block".to_owned()
        };
        let other = if root == "var" { &self.cx.locals } else { &self.cx.vars };
        let elsewhere = other.contains(name.as_str());
        let mut problem = Diagnostic::error(
            format!("Reference to undeclared {what}"),
            format!("There is no {what} named \"{name}\"; {how}."),
        )
        .at(place, "")
        .suggest(&name, names.iter().map(Text::as_str));
        if elsewhere {
            let right = if root == "var" { "local" } else { "var" };
            problem = problem.hint(format!("did you mean `{right}.{name}`?"));
        }
        self.diags.push(problem);
        None
    }

    /// `module.<name>`, with what stands behind it: the name of an output, or first the key of an instance.
    fn module(&mut self, name: Text, place: Span, rest: &[&TraversalOperator]) -> Option<Root> {
        let cx = self.cx;
        let Some(module) = cx.modules.get(&name) else {
            let detail = format!("There is no `module` block named \"{name}\" beside this.");
            let problem = Diagnostic::error("Reference to undeclared module", detail).at(place, "");
            self.diags.push(problem.suggest(&name, cx.modules.keys().map(Text::as_str)));
            return None;
        };
        self.references.modules.insert(name.clone());
        let output = match (module.each, rest) {
            (false, rest) => self.first_attribute(rest),
            (true, [TraversalOperator::Index(_), rest @ ..]) => self.first_attribute(rest),
            // `values(module.x)`, a splat, or a key that needs no quotes.
            (true, rest) => match self.first_attribute(rest) {
                Some(_) => self.first_attribute(rest.get(1..).unwrap_or_default()),
                None => None,
            },
        };
        if let Some((output, place)) = output
            && let Some(outputs) = &module.outputs
            && !outputs.contains(&output)
        {
            let root = format!("module.{name}");
            if outputs.is_empty() {
                let detail = format!("`{root}` has no outputs.");
                let problem = Diagnostic::error("Unsupported attribute", detail).at(place, "");
                self.diags
                    .push(problem.hint(format!("declare one in the module: `output \"{output}\" {{ value = … }}`")));
            } else {
                let known: Vec<&str> = outputs.iter().map(Text::as_str).collect();
                self.unsupported(&root, &output, place, &known);
            }
            return None;
        }
        Some(Root::Module(name))
    }

    fn unsupported(&mut self, root: &str, name: &str, place: Span, known: &[&str]) -> Option<Kind> {
        let list = known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
        let detail = format!("`{root}` has no attribute \"{name}\"; it has {list}.");
        let problem = Diagnostic::error("Unsupported attribute", detail).at(place, "");
        self.refuse(problem.suggest(name, known.iter().copied()))
    }

    fn unknown_root(&mut self, name: &str, at: Span, operators: &[&TraversalOperator]) -> Option<Kind> {
        // The rest may hold more problems.
        let _ = self.steps(operators);
        let where_it_exists = match name {
            "each" => Some("`each` exists only in a block that has `for_each`."),
            "user" => Some(
                "`user` exists only in `where` and in `rule` and `notice` blocks, which are evaluated for each user.",
            ),
            "change" => Some("`change` exists only in `rule` and `notice` blocks."),
            "wave" => Some("`wave` exists only in `notice` blocks."),
            "plan" => Some("`plan` exists only in `check` blocks and in outputs."),
            "tenant" => Some(
                "`tenant` exists only where the tenant has been read: in selectors, those of modules too, in `rule`, `notice` and `check` blocks, and in outputs. Names, keys and inputs are fixed before.",
            ),
            "module" => Some("There is no `module` block beside this, so `module` names nothing."),
            _ => None,
        };
        if let Some(detail) = where_it_exists {
            return self.refuse(Diagnostic::error("Invalid reference", detail).at(at, ""));
        }
        let detail = format!("Nothing named `{name}` exists here.");
        let mut problem = Diagnostic::error("Reference to undeclared name", detail).at(at, "");
        let loops: Vec<&str> =
            self.loops.iter().flat_map(|(key, value)| key.iter().chain([value])).map(Text::as_str).collect();
        problem = problem.suggest(name, loops.iter().copied().chain(self.cx.roots()));
        if problem.hints.is_empty() {
            if self.cx.vars.contains(name) {
                problem = problem.hint(format!("did you mean `var.{name}`?"));
            } else if self.cx.locals.contains(name) {
                problem = problem.hint(format!("did you mean `local.{name}`?"));
            } else if self.cx.user && UserField::ALL.iter().any(|field| field.as_str() == name) {
                problem = problem.hint(format!("did you mean `user.{name}`?"));
            } else if operators.is_empty() {
                problem = problem.hint(format!("if a string was meant, put it into quotes: `\"{name}\"`"));
            }
        }
        self.refuse(problem)
    }

    fn call(&mut self, call: &FuncCall, span: Span) -> Option<Kind> {
        let name_span = self.span(call.name.name.span());
        let spaces: Vec<_> = call.name.namespace.iter().map(|part| part.as_str()).collect();
        let name = call.name.name.as_str();
        let args = self.nodes(call.args.iter());
        let known = match &spaces[..] {
            // `core::` is Terraform's name for the built-in functions.
            [] | ["core"] => functions::find(name),
            _ => None,
        };
        let Some(function) = known else {
            if self.cx.extra_functions.contains(name) && spaces.is_empty() {
                return Some(Kind::ExtraCall(name.into(), args?));
            }
            let full = spaces.iter().chain([&name]).copied().collect::<Vec<_>>().join("::");
            let problem =
                Diagnostic::error("Call to unknown function", format!("There is no function named \"{full}\"."))
                    .at(name_span, "");
            let extra = self.cx.extra_functions.iter().map(Text::as_str);
            return self.refuse(problem.suggest(name, functions::ALL.iter().map(|one| one.name).chain(extra)));
        };
        let expand = call.args.expand_final();
        if let Some(problem) = arity(function, call.args.len(), expand) {
            return self.refuse(problem.at(span, ""));
        }
        let mut args = args?;
        match function.name {
            "timestamp" | "plantimestamp" => self.references.timestamp = true,
            "templatefile" | "templatestring" => self.references.templates = true,
            "try" if !expand => return Some(Kind::Try(args)),
            "can" if !expand => return args.pop().map(|arg| Kind::Can(Box::new(arg))),
            _ => {}
        }
        let call = Call { function, args, expand, pattern: std::sync::OnceLock::new() };
        if let Some((at, problem)) = functions::check_pattern(&call) {
            return self.refuse(Diagnostic::error("Invalid regular expression", problem).at(at, ""));
        }
        Some(Kind::Call(Box::new(call)))
    }
}

/// How many splats may stand behind each other; each is one level of recursion.
const MAX_SPLATS: usize = 50;

/// Is the number of arguments right?
fn arity(function: &Function, given: usize, expand: bool) -> Option<Diagnostic> {
    let wanted = function.params.len();
    // `f(a, list...)`: the list may be empty.
    let given = given - usize::from(expand);
    if given < wanted && !expand {
        let missing = function.params.get(given).map_or("", |param| param.name);
        return Some(Diagnostic::error(
            "Not enough function arguments",
            format!(
                "Function \"{}\" expects {}; the value for \"{missing}\" is missing.",
                function.name,
                function.signature()
            ),
        ));
    }
    if given > wanted && function.variadic.is_none() {
        return Some(Diagnostic::error(
            "Too many function arguments",
            format!(
                "Function \"{}\" expects {}; this call has {given} arguments.",
                function.name,
                function.signature()
            ),
        ));
    }
    None
}

fn is_splat(operator: &TraversalOperator) -> bool {
    matches!(operator, TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_))
}

fn path(kind: Kind, span: Span, steps: Vec<Step>) -> Kind {
    if steps.is_empty() { kind } else { Kind::Path(Box::new(Node { span, kind }), steps) }
}

/// Can the value be known now? Only where all operands are literals and nothing outside is asked.
fn foldable(node: &Node) -> bool {
    let constant = |node: &Node| matches!(node.kind, Kind::Const(_));
    match &node.kind {
        Kind::Tuple(elements) => elements.iter().all(constant),
        Kind::Object(entries) => entries.iter().all(|(key, value)| constant(key) && constant(value)),
        Kind::Not(inner) | Kind::Negate(inner) => constant(inner),
        Kind::Binary(_, pair) => constant(&pair.0) && constant(&pair.1),
        Kind::Call(call) => call.function.pure && call.args.iter().all(constant),
        _ => false,
    }
}
