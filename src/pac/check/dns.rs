//! Lookups: how many there are, and what they come before.

use std::collections::BTreeSet;

use oxc::ast::ast::{Argument, CallExpression, Expression, LogicalExpression, Statement};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};

use super::calls::helper;
use super::{Report, Rule};
use crate::pac::script::{Script, entry_points};

/// Names after which Chrome evaluates in a slower way.
const MOST_NAMES: usize = 20;

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    let mut lookups = Lookups { script, found: Vec::new(), mine: Vec::new() };
    lookups.visit_program(script.program);
    for span in &lookups.mine {
        let help = "decide by host, or give each site a PAC of its own";
        report.add(Rule::MyIp, *span, "the answer depends on the client's own address", help);
    }
    let names: BTreeSet<&str> = lookups.found.iter().map(|(_, name)| name.as_str()).collect();
    if let (true, Some((span, _))) = (names.len() > MOST_NAMES, lookups.found.first()) {
        let message = format!("{} names are looked up", names.len());
        report.add(Rule::DnsCount, *span, message, "decide by the text of the host");
    }
    Chains { script, report }.visit_program(script.program);
    entry_points(script.program, |entry| order(script, entry.body.statements(), report));
}

/// Calls that ask DNS, with what they ask for; and those that ask for the own address.
struct Lookups<'s, 'a> {
    script: &'s Script<'a>,
    found: Vec<(Span, String)>,
    mine: Vec<Span>,
}

impl<'a> Visit<'a> for Lookups<'_, 'a> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(name) = asked(self.script, call) {
            self.found.push((call.span, name));
        }
        if matches!(helper(self.script, call), Some("myIpAddress" | "myIpAddressEx")) {
            self.mine.push(call.span);
        }
        walk::walk_call_expression(self, call);
    }
}

/// What a call asks DNS for: a name, or the text of an expression.
fn asked(script: &Script<'_>, call: &CallExpression<'_>) -> Option<String> {
    let name = helper(script, call)?;
    let first = call.arguments.first().and_then(Argument::as_expression)?;
    match name {
        "dnsResolve" | "dnsResolveEx" | "isResolvable" | "isResolvableEx" => {}
        // It takes addresses as they are; of a variable it is the host that is most likely a name.
        "isInNet" if script.is_host(first) => {}
        "isInNet" => {
            script.constant(first).filter(|text| text.parse::<std::net::IpAddr>().is_err())?;
        }
        _ => return None,
    }
    Some(script.constant(first).unwrap_or_else(|| script.slice(first.span()).to_owned()))
}

/// The first lookup below a node.
fn first<'a>(script: &Script<'a>, visit: impl FnOnce(&mut Lookups<'_, 'a>)) -> Option<Span> {
    let mut lookups = Lookups { script, found: Vec::new(), mine: Vec::new() };
    visit(&mut lookups);
    lookups.found.first().map(|(span, _)| *span)
}

/// Terms of a condition: those that look up should come last.
struct Chains<'s, 'a, 'r> {
    script: &'s Script<'a>,
    report: &'r mut Report,
}

impl<'a> Visit<'a> for Chains<'_, 'a, '_> {
    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        let mut terms = Vec::new();
        flatten(it, &mut terms);
        let mut terms = terms.into_iter();
        // The first that looks up, and sets nothing that a later one may need.
        let lookup = terms.find_map(|term| {
            let span = first(self.script, |lookups| lookups.visit_expression(term))?;
            (!sets(term)).then_some(span)
        });
        let cheap = terms.find(|term| {
            first(self.script, |lookups| lookups.visit_expression(term)).is_none()
                && is_test_of_text(self.script, term)
        });
        if let (Some(span), Some(cheap)) = (lookup, cheap) {
            let message = format!("asks DNS before {} is tested", self.script.slice(cheap.span()));
            self.report.add(Rule::DnsOrder, span, message, "put tests of strings first");
        }
        // Its terms have been looked at, and what is inside of them has not.
        let mut all = Vec::new();
        flatten(it, &mut all);
        for term in all {
            self.visit_expression(term);
        }
    }
}

/// The terms of a chain of one operator.
fn flatten<'e, 'a>(it: &'e LogicalExpression<'a>, terms: &mut Vec<&'e Expression<'a>>) {
    for side in [&it.left, &it.right] {
        match side.without_parentheses() {
            Expression::LogicalExpression(inner) if inner.operator == it.operator => {
                flatten(inner, terms);
            }
            other => terms.push(other),
        }
    }
}

/// Whether an expression sets a variable.
fn sets(expression: &Expression<'_>) -> bool {
    struct Sets(bool);
    impl<'a> Visit<'a> for Sets {
        fn visit_assignment_expression(&mut self, _it: &oxc::ast::ast::AssignmentExpression<'a>) {
            self.0 = true;
        }
    }
    let mut found = Sets(false);
    found.visit_expression(expression);
    found.0
}

/// Whether a term is a test of host or url alone.
fn is_test_of_text(script: &Script<'_>, term: &Expression<'_>) -> bool {
    let text = script.slice(term.span());
    let word = |name: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
    };
    word("host") || word("url")
}

/// Statements of the function that clients call: lookups that each URL comes to should come after tests of
/// strings that return.
fn order(script: &Script<'_>, statements: &[Statement<'_>], report: &mut Report) {
    let mut rest = statements.iter();
    let lookup = rest.find_map(|statement| match statement {
        Statement::IfStatement(choice) => {
            let test = always(&choice.test);
            first(script, |lookups| lookups.visit_expression(test)).filter(|_| !sets(test))
        }
        Statement::VariableDeclaration(_) | Statement::ExpressionStatement(_) => {
            first(script, |lookups| lookups.visit_statement(statement))
        }
        _ => None,
    });
    let Some(span) = lookup else { return };
    // A test of what was found cannot come before it.
    let names: Vec<&str> =
        statements.iter().flat_map(|statement| set_by(script, statement)).collect();
    let is_word = |text: &str, name: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$')
            .any(|word| word == name)
    };
    let cheap = rest
        .filter(|statement| match statement {
            Statement::IfStatement(choice) => {
                let text = script.slice(choice.test.span());
                first(script, |lookups| lookups.visit_expression(&choice.test)).is_none()
                    && is_test_of_text(script, &choice.test)
                    && !names.iter().any(|name| is_word(text, name))
                    && super::flow::returns(&choice.consequent)
            }
            _ => false,
        })
        .count();
    if cheap > 0 {
        let message =
            format!("asks DNS for every URL that comes here, though {cheap} later tests need none");
        report.add(Rule::DnsOrder, span, message, "put tests of strings that return before it");
    }
}

/// The term of a condition that is always come to.
fn always<'e, 'a>(test: &'e Expression<'a>) -> &'e Expression<'a> {
    match test.without_parentheses() {
        Expression::LogicalExpression(it) => always(&it.left),
        Expression::ConditionalExpression(it) => always(&it.test),
        other => other,
    }
}

/// Names of the variables that a statement sets.
fn set_by<'s>(script: &'s Script<'_>, statement: &Statement<'_>) -> Vec<&'s str> {
    match statement {
        Statement::VariableDeclaration(it) => {
            it.declarations.iter().map(|variable| script.slice(variable.id.span())).collect()
        }
        Statement::ExpressionStatement(it) => match &it.expression {
            Expression::AssignmentExpression(set) => vec![script.slice(set.left.span())],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
