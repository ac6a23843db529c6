//! What a PAC returns, as its clients read it.

use std::collections::HashSet;

use oxc::ast::AstKind;
use oxc::ast::ast::{Expression, Function, ReturnStatement, StringLiteral};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};
use oxc::syntax::scope::ScopeFlags;

use super::{PROFILES, Report, Rule};
use crate::pac::eval::Profile;
use crate::pac::script::{EntryBody, Script, entry_points};

/// Words that begin an element of an answer.
const TYPES: [&str; 8] = ["PROXY", "HTTPS", "HTTP", "SOCKS", "SOCKS4", "SOCKS5", "QUIC", "DIRECT"];

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    let mut results = Results { script, report, seen: HashSet::new() };
    results.visit_program(script.program);
    entry_points(script.program, |entry| match entry.body {
        EntryBody::Value(value) => results.returned(value),
        EntryBody::Statements(body) => Returns { results: &mut results }.visit_function_body(body),
    });
}

/// Text literals that look like answers, wherever they stand.
struct Results<'s, 'a, 'r> {
    script: &'s Script<'a>,
    report: &'r mut Report,
    seen: HashSet<Span>,
}

impl<'a> Visit<'a> for Results<'_, 'a, '_> {
    fn visit_string_literal(&mut self, literal: &StringLiteral<'a>) {
        let element = literal.value.split(';').next().unwrap_or_default().trim_start();
        let (first, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        // A type alone is a part of an answer at most, or something else.
        let whole = !rest.trim().is_empty() || literal.value.trim() == "DIRECT";
        // What is a part of a sum is no whole answer.
        let nodes = self.script.semantic.nodes();
        let parent = nodes.parent_kind(literal.node_id.get());
        let part = matches!(
            parent,
            AstKind::BinaryExpression(_) | AstKind::ObjectProperty(_) | AstKind::CallExpression(_)
        );
        if whole && !part && TYPES.contains(&first.to_ascii_uppercase().as_str()) {
            self.answer(&literal.value, literal.span);
        }
    }
}

impl Results<'_, '_, '_> {
    /// Looks at an answer as each client does.
    fn answer(&mut self, text: &str, span: Span) {
        if !self.seen.insert(span) {
            return;
        }
        if text.starts_with([' ', '\t']) {
            let message =
                "an answer that begins with white space: firefox leaves its first element out";
            self.report.add(Rule::ClientResult, span, message, "take the white space away");
        }
        let mut direct = false;
        let elements = text.split(';').map(|part| part.trim_matches([' ', '\t']));
        let elements: Vec<&str> = elements.filter(|element| !element.is_empty()).collect();
        for (at, element) in elements.iter().enumerate() {
            let later = elements.get(at + 1..).unwrap_or_default();
            if direct {
                let message = format!("{element:?} comes after DIRECT");
                self.report.add(Rule::AfterDirect, span, message, "put DIRECT last");
            }
            direct |= element.eq_ignore_ascii_case("DIRECT");
            self.element(element, later, span);
        }
    }

    fn element(&mut self, element: &str, later: &[&str], span: Span) {
        self.read_otherwise(element, span);
        let dropped: Vec<(Profile, String)> = PROFILES
            .into_iter()
            .filter_map(|profile| {
                let dropped = profile.read(element).dropped.pop()?;
                Some((profile, dropped.why))
            })
            .collect();
        match dropped.as_slice() {
            [] => {
                let authority = element.split([' ', '\t']).next_back().unwrap_or_default();
                let has_port =
                    authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
                if !element.eq_ignore_ascii_case("DIRECT") && !has_port {
                    let message = format!("{element:?} has no port");
                    self.report.add(Rule::DefaultPort, span, message, "write the port");
                }
            }
            // Firefox alone is kind to what is no host and port.
            [(client, why), ..]
                if dropped.len() == PROFILES.len()
                    || *client == Profile::Chrome && client.knows(first_word(element)) =>
            {
                let message = format!("{element:?} is left out by {}: {why}", names(&dropped));
                let help = "write DIRECT, or one of PROXY, HTTPS, SOCKS, SOCKS5 with host:port";
                self.report.add(Rule::BadResult, span, message, help);
            }
            // Who leaves it out takes a later one.
            some if some.iter().all(|(client, _)| later.iter().any(|it| takes(*client, it))) => {}
            [(_, why), ..] => {
                let message = format!("{element:?} is left out by {}: {why}", names(&dropped));
                let help = if element.to_ascii_uppercase().starts_with("HTTP ") {
                    "write PROXY"
                } else {
                    "let an element follow that all clients know"
                };
                self.report.add(Rule::ClientResult, span, message, help);
            }
        }
    }

    /// Tells of an element that both browsers take, and not for the same.
    fn read_otherwise(&mut self, element: &str, span: Span) {
        let [first, second] = [Profile::Chrome, Profile::Firefox].map(|it| it.read(element));
        let taken = first.dropped.is_empty() && second.dropped.is_empty();
        if taken && first.routes != second.routes {
            let (first, second) = (first.routes.join("; "), second.routes.join("; "));
            let message = format!("{element:?} is {first} to chrome and {second} to firefox");
            let help = "write it as all clients read it; port 80 is that of PROXY only";
            self.report.add(Rule::ClientResult, span, message, help);
        }
    }

    /// Looks at what a function that clients call returns.
    fn returned(&mut self, expression: &Expression<'_>) {
        match expression.without_parentheses() {
            Expression::ConditionalExpression(choice) => {
                self.returned(&choice.consequent);
                self.returned(&choice.alternate);
            }
            Expression::LogicalExpression(choice) => {
                self.returned(&choice.left);
                self.returned(&choice.right);
            }
            Expression::SequenceExpression(sequence) => {
                if let Some(last) = sequence.expressions.last() {
                    self.returned(last);
                }
            }
            nothing if no_text(nothing) => {
                let found = self.script.slice(nothing.span()).to_owned();
                let message = format!("returns {found}, which is no string");
                self.report.add(
                    Rule::MayReturnUndefined,
                    nothing.span(),
                    message,
                    "return \"DIRECT\"",
                );
            }
            text => {
                if let Some(answer) = self.script.constant(text) {
                    self.answer(&answer, text.span());
                }
            }
        }
    }
}

/// The clients that leave an element out.
fn names(dropped: &[(Profile, String)]) -> String {
    if dropped.len() == PROFILES.len() {
        return "every client".to_owned();
    }
    dropped.iter().map(|(client, _)| client.to_string()).collect::<Vec<_>>().join(" and ")
}

fn first_word(element: &str) -> &str {
    element.split([' ', '\t']).next().unwrap_or_default()
}

/// Whether a client understands an element, and it is a proxy.
fn takes(client: Profile, element: &str) -> bool {
    !element.eq_ignore_ascii_case("DIRECT") && client.read(element).dropped.is_empty()
}

/// Whether this is never a string.
fn no_text(expression: &Expression<'_>) -> bool {
    expression.is_null_or_undefined()
        || matches!(
            expression,
            Expression::BooleanLiteral(_)
                | Expression::NumericLiteral(_)
                | Expression::ArrayExpression(_)
                | Expression::ObjectExpression(_)
                | Expression::FunctionExpression(_)
                | Expression::ArrowFunctionExpression(_)
        )
}

/// What one function returns, without those inside of it.
struct Returns<'p, 's, 'a, 'r> {
    results: &'p mut Results<'s, 'a, 'r>,
}

impl<'a> Visit<'a> for Returns<'_, '_, 'a, '_> {
    fn visit_return_statement(&mut self, statement: &ReturnStatement<'a>) {
        if let Some(argument) = &statement.argument {
            self.results.returned(argument);
        } else {
            let (message, help) = ("returns nothing", "return \"DIRECT\"");
            self.results.report.add(Rule::MayReturnUndefined, statement.span, message, help);
        }
        walk::walk_return_statement(self, statement);
    }

    fn visit_function(&mut self, _inner: &Function<'a>, _flags: ScopeFlags) {}

    fn visit_arrow_function_expression(
        &mut self,
        _inner: &oxc::ast::ast::ArrowFunctionExpression<'a>,
    ) {
    }
}
