//! Lookups: how many there are, and what they come before.

use std::collections::BTreeSet;

use oxc::ast::ast::{Argument, CallExpression, Expression, LogicalExpression, Statement};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};

use super::calls::helper;
use super::{Report, Rule, body, entry_points};
use crate::pac::script::Script;

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
    entry_points(script, |function| order(script, body(function), report));
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
        "isInNet" if super::calls::is_variable(first, "host") => {}
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
        let left = first(self.script, |lookups| lookups.visit_expression(&it.left));
        let right = first(self.script, |lookups| lookups.visit_expression(&it.right));
        if let (Some(span), None, true) = (left, right, is_test_of_text(self.script, &it.right)) {
            // An earlier term of the same chain has been told of already.
            let last = rightmost(&it.left);
            if first(self.script, |lookups| lookups.visit_expression(last)).is_some() {
                let message =
                    format!("asks DNS before {} is tested", self.script.slice(it.right.span()));
                self.report.add(Rule::DnsOrder, span, message, "put tests of strings first");
            }
        }
        walk::walk_logical_expression(self, it);
    }
}

fn rightmost<'e, 'a>(expression: &'e Expression<'a>) -> &'e Expression<'a> {
    match expression.without_parentheses() {
        Expression::LogicalExpression(it) => rightmost(&it.right),
        other => other,
    }
}

/// Whether a term is a test of host or url alone.
fn is_test_of_text(script: &Script<'_>, term: &Expression<'_>) -> bool {
    let text = script.slice(term.span());
    let word = |name: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
    };
    word("host") || word("url")
}

/// Statements of the function that clients call: lookups should come after tests of strings that return.
fn order(script: &Script<'_>, statements: &[Statement<'_>], report: &mut Report) {
    let mut tests = statements.iter();
    let lookup =
        tests.find_map(|statement| first(script, |lookups| lookups.visit_statement(statement)));
    let Some(span) = lookup else { return };
    let cheap = tests
        .filter(|statement| match statement {
            Statement::IfStatement(choice) => {
                first(script, |lookups| lookups.visit_expression(&choice.test)).is_none()
                    && is_test_of_text(script, &choice.test)
                    && super::flow::returns(&choice.consequent)
            }
            _ => false,
        })
        .count();
    if cheap > 0 {
        let message = format!("asks DNS for every URL, though {cheap} later tests need none");
        report.add(Rule::DnsOrder, span, message, "put tests of strings that return before it");
    }
}
