//! Tests: what they compare, and which of them an earlier one has answered already.

use std::collections::HashMap;
use std::sync::LazyLock;

use oxc::ast::ast::{
    Argument, AssignmentExpression, AssignmentOperator, BinaryExpression, BinaryOperator,
    CallExpression, Expression, IfStatement, LogicalExpression, LogicalOperator, Statement,
    UpdateExpression, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};
use regex::Regex;

use super::calls::helper;
use super::{Report, Rule};
use crate::pac::script::{Script, entry_points};

#[expect(clippy::expect_used, reason = "the pattern is constant, and tests compile it")]
static CLASS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[(?:[^\]\\]|\\.)*\][*+?]?").expect("constant"));

/// Terms of one condition that some hosters of PACs advise not to exceed.
const MOST_TERMS: usize = 100;

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    Conditions { script, report, inside: None }.visit_program(script.program);
    entry_points(script.program, |entry| covered(script, entry.body.statements(), report));
}

struct Conditions<'s, 'a, 'r> {
    script: &'s Script<'a>,
    report: &'r mut Report,
    /// The chain of terms that has been counted.
    inside: Option<Span>,
}

impl<'a> Visit<'a> for Conditions<'_, 'a, '_> {
    fn visit_if_statement(&mut self, choice: &IfStatement<'a>) {
        if let Expression::AssignmentExpression(set) = &choice.test
            && set.operator == AssignmentOperator::Assign
            && set.right.is_literal()
        {
            let message = format!(
                "{} sets a variable, and is true or false always",
                self.script.slice(set.span)
            );
            self.report.add(Rule::AssignmentInCondition, set.span, message, "write ==");
        }
        walk::walk_if_statement(self, choice);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        let equality = matches!(
            it.operator,
            BinaryOperator::Equality
                | BinaryOperator::Inequality
                | BinaryOperator::StrictEquality
                | BinaryOperator::StrictInequality
        );
        if equality {
            for (one, other) in [(&it.left, &it.right), (&it.right, &it.left)] {
                self.compared(one, other, true);
            }
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let given: Vec<&Expression<'a>> =
            call.arguments.iter().map_while(Argument::as_expression).collect();
        let name = helper(self.script, call);
        match (name, given.as_slice(), &call.callee) {
            (Some("dnsDomainIs" | "localHostOrDomainIs" | "shExpMatch"), [what, text], _) => {
                self.compared(what, text, name == Some("shExpMatch"));
            }
            (None, [text, ..], Expression::StaticMemberExpression(member))
                if ["indexOf", "lastIndexOf", "startsWith", "endsWith", "includes"]
                    .contains(&member.property.name.as_str()) =>
            {
                let whole =
                    member.property.name == "startsWith" || member.property.name == "indexOf";
                self.compared(&member.object, text, whole);
            }
            (None, [what, ..], Expression::StaticMemberExpression(member))
                if member.property.name == "test" =>
            {
                if let (true, Expression::RegExpLiteral(regex)) =
                    (self.script.is_url(what), &member.object)
                {
                    // A class of characters may have a slash that is none of the URL.
                    let pattern = CLASS.replace_all(&regex.regex.pattern.text, "x");
                    let pattern = pattern.replace("\\/", "/").replace("\\.", ".");
                    self.path(&pattern.replace('^', ""), regex.span);
                }
            }
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        let counted = self
            .inside
            .is_some_and(|outer| outer.start <= it.span.start && it.span.end <= outer.end);
        if !counted {
            self.inside = Some(it.span);
            let mut terms = Vec::new();
            flatten_all(&it.left, &mut terms);
            flatten_all(&it.right, &mut terms);
            if terms.len() > MOST_TERMS {
                let message = format!("{} terms stand in one condition", terms.len());
                let help =
                    "put names into an object, and look for each end of host that begins at a dot";
                self.report.add(Rule::LongCondition, it.span, message, help);
            }
        }
        walk::walk_logical_expression(self, it);
    }
}

impl<'a> Conditions<'_, 'a, '_> {
    /// Something that is compared with a text; `whole` if from its beginning.
    fn compared(&mut self, what: &Expression<'a>, text: &Expression<'a>, whole: bool) {
        let Some(found) = self.script.constant(text) else { return };
        if self.script.is_host(what) {
            if found.bytes().any(|byte| byte.is_ascii_uppercase()) {
                let message = format!("{found:?} has capital letters, and host has none");
                let help = format!("write {:?}", found.to_ascii_lowercase());
                self.report.add(Rule::HostCase, text.span(), message, help);
            } else if found.contains("://") || found.contains('/') {
                let message = format!("{found:?} is no part of a host");
                let help = "compare it with url, or use isInNet for a network";
                self.report.add(Rule::NeverMatches, text.span(), message, help);
            }
        }
        if whole && self.script.is_url(what) {
            self.path(&found, text.span());
        }
    }

    /// A pattern of a URL that has a path which clients do not pass.
    fn path(&mut self, pattern: &str, span: Span) {
        let Some((scheme, rest)) = pattern.split_once("://") else { return };
        let Some((_, path)) = rest.split_once('/') else { return };
        if path.trim_matches(['*', '$', '.', ')', '?', '|', ':']).is_empty() {
            return;
        }
        let scheme = scheme.trim_start_matches(['(', '*']);
        if ["https", "wss", "https?", "http?", "http*"].contains(&scheme) {
            let message = format!(
                "{pattern:?} looks at the path of an https: URL, which clients do not pass"
            );
            self.report.add(Rule::HttpsPath, span, message, "decide by host");
        }
    }
}

fn flatten_all<'e, 'a>(expression: &'e Expression<'a>, terms: &mut Vec<&'e Expression<'a>>) {
    match expression.without_parentheses() {
        Expression::LogicalExpression(it) => {
            flatten_all(&it.left, terms);
            flatten_all(&it.right, terms);
        }
        other => terms.push(other),
    }
}

/// The terms of `a || b || c`.
fn alternatives<'e, 'a>(expression: &'e Expression<'a>, terms: &mut Vec<&'e Expression<'a>>) {
    match expression.without_parentheses() {
        Expression::LogicalExpression(it) if it.operator == LogicalOperator::Or => {
            alternatives(&it.left, terms);
            alternatives(&it.right, terms);
        }
        other => terms.push(other),
    }
}

/// What a term lets pass.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Test {
    /// This host alone.
    Host(String),
    /// Hosts with this end.
    End(String),
    /// Whatever makes this text true; nothing else is known of it.
    Text(String),
}

/// Bytes of a name at most.
const LONGEST_HOST: usize = 255;

/// Tests whose passing has ended the function, and where they stand.
#[derive(Default)]
struct Earlier(HashMap<Test, Span>);

impl Earlier {
    /// The test that has let pass already what this one lets pass.
    fn cover(&self, test: &Test) -> Option<Span> {
        let same = self.0.get(test).copied();
        let (Test::Host(host) | Test::End(host)) = test else { return same };
        if host.len() > LONGEST_HOST {
            return same;
        }
        let ends = host.char_indices().filter_map(|(at, _)| host.get(at..)).chain([""]);
        same.or_else(|| {
            ends.map(ToOwned::to_owned).find_map(|end| self.0.get(&Test::End(end)).copied())
        })
    }
}

fn test_of(script: &Script<'_>, term: &Expression<'_>) -> Test {
    let text = || Test::Text(script.slice(term.span()).to_owned());
    match term {
        Expression::BinaryExpression(it)
            if matches!(it.operator, BinaryOperator::Equality | BinaryOperator::StrictEquality) =>
        {
            let sides = [(&it.left, &it.right), (&it.right, &it.left)];
            let found = sides.into_iter().find(|(host, _)| script.is_host(host));
            let constant = found.and_then(|(_, text)| script.constant(text));
            constant.map_or_else(text, Test::Host)
        }
        Expression::CallExpression(call) => {
            let given: Vec<_> = call.arguments.iter().map_while(Argument::as_expression).collect();
            let (Some(name), [host, pattern]) = (helper(script, call), given.as_slice()) else {
                return text();
            };
            let Some(pattern) = script.constant(pattern).filter(|_| script.is_host(host)) else {
                return text();
            };
            match name {
                "dnsDomainIs" => Test::End(pattern),
                "shExpMatch" => match pattern.strip_prefix('*') {
                    Some(end) if is_plain(end) => Test::End(end.to_owned()),
                    None if is_plain(&pattern) => Test::Host(pattern),
                    _ => text(),
                },
                _ => text(),
            }
        }
        _ => text(),
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// Tests that decide what an earlier one, which returns, has decided already.
fn covered<'a>(script: &Script<'a>, statements: &[Statement<'a>], report: &mut Report) {
    let mut earlier = Earlier::default();
    for statement in statements {
        let Statement::IfStatement(choice) = statement else {
            // What a test sees may have changed.
            if !matches!(
                statement,
                Statement::ReturnStatement(_) | Statement::FunctionDeclaration(_)
            ) {
                earlier.0.retain(|test, _| !matches!(test, Test::Text(_)));
            }
            continue;
        };
        follow(script, choice, &mut earlier, report);
    }
}

fn follow<'a>(
    script: &Script<'a>,
    choice: &IfStatement<'a>,
    earlier: &mut Earlier,
    report: &mut Report,
) {
    let mut next = Some(choice);
    // What passed an earlier branch is gone, if that returns.
    let mut all_return = true;
    while let Some(choice) = next {
        let mut terms = Vec::new();
        alternatives(&choice.test, &mut terms);
        let mut fresh = Earlier::default();
        for term in terms {
            if changes(script, |effects| effects.visit_expression(term)) {
                continue;
            }
            let test = test_of(script, term);
            if let Some(span) = earlier.cover(&test).or_else(|| fresh.cover(&test)) {
                let line = report.lines.place(span).line;
                let message = format!(
                    "decides nothing: what passes this test has passed that of line {line}"
                );
                report.add(
                    Rule::Unreachable,
                    term.span(),
                    message,
                    "put what is more special first",
                );
            } else {
                fresh.0.insert(test, term.span());
            }
        }
        all_return &= super::flow::returns(&choice.consequent);
        if all_return {
            earlier.0.extend(fresh.0);
        }
        // An `else` is reached by what did not pass.
        next = match &choice.alternate {
            Some(Statement::IfStatement(other)) => Some(other),
            _ => None,
        };
    }
}

/// Whether something sets a variable, or calls what is no helper: a test after it may come out otherwise.
fn changes<'a>(script: &Script<'a>, visit: impl FnOnce(&mut Effects<'_, 'a>)) -> bool {
    let mut effects = Effects { script, found: false };
    visit(&mut effects);
    effects.found
}

struct Effects<'s, 'a> {
    script: &'s Script<'a>,
    found: bool,
}

impl<'a> Visit<'a> for Effects<'_, 'a> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.found |= helper(self.script, call).is_none();
        walk::walk_call_expression(self, call);
    }

    fn visit_assignment_expression(&mut self, _it: &AssignmentExpression<'a>) {
        self.found = true;
    }

    fn visit_update_expression(&mut self, _it: &UpdateExpression<'a>) {
        self.found = true;
    }

    fn visit_variable_declarator(&mut self, _it: &VariableDeclarator<'a>) {
        self.found = true;
    }
}
