//! Syntax that came after ES3, which old engines do not parse.

use std::collections::BTreeMap;

use oxc::ast::AstKind;
use oxc::ast::ast::{Expression, VariableDeclarationKind};
use oxc::span::{GetSpan, Span};

use super::{Fix, Report, Rule};
use crate::pac::script::Script;

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    let mut found: BTreeMap<&'static str, (Span, usize)> = BTreeMap::new();
    for node in script.semantic.nodes().iter() {
        if let Some((what, span)) = newer(script, &node.kind()) {
            let seen = found.entry(what).or_insert((span, 0));
            seen.0 = seen.0.min(span);
            seen.1 += 1;
        }
        if let Some(comma) = trailing_comma(script, &node.kind()) {
            // Of an array some engines count it as one element more, which a script may rely on.
            let fix = Fix { start: comma.start, end: comma.end, text: String::new() };
            let message = "a comma before the end is an error in old engines, or one element more";
            report.add(Rule::NewSyntax, comma, message, "take it out");
            if matches!(node.kind(), AstKind::ObjectExpression(_)) {
                report.fix_last(fix);
            }
        }
    }
    for (what, (span, count)) in found {
        let times = if count == 1 { String::new() } else { format!(", {count} times") };
        let message = format!("{what} came after ES3{times}");
        report.add(
            Rule::NewSyntax,
            span,
            message,
            "write it as in 1999, if Windows reads this file",
        );
    }
}

fn newer(script: &Script<'_>, kind: &AstKind<'_>) -> Option<(&'static str, Span)> {
    let span = kind.span();
    let what = match kind {
        AstKind::VariableDeclaration(it) => match it.kind {
            VariableDeclarationKind::Let => "let",
            VariableDeclarationKind::Const => "const",
            VariableDeclarationKind::Var => return None,
            _ => "using",
        },
        AstKind::ArrowFunctionExpression(_) => "=>",
        AstKind::TemplateLiteral(_) => "a template in `...`",
        AstKind::Class(_) => "class",
        AstKind::SpreadElement(_) | AstKind::FormalParameterRest(_) => "...",
        AstKind::ObjectPattern(_)
        | AstKind::ArrayPattern(_)
        | AstKind::ArrayAssignmentTarget(_)
        | AstKind::ObjectAssignmentTarget(_) => "destructuring",
        AstKind::ForOfStatement(_) => "for ... of",
        AstKind::YieldExpression(_) => "yield",
        AstKind::AwaitExpression(_) => "await",
        AstKind::ChainExpression(_) => "?.",
        AstKind::BigIntLiteral(_) => "a BigInt",
        AstKind::LogicalExpression(it) if it.operator.is_coalesce() => "??",
        AstKind::AssignmentExpression(it) if it.operator.is_logical() => "a logical assignment",
        AstKind::BinaryExpression(it) if it.operator.as_str() == "**" => "**",
        AstKind::FormalParameter(it) if it.initializer.is_some() => "a default of a parameter",
        AstKind::CatchClause(it) if it.param.is_none() => "catch without a name",
        AstKind::ObjectProperty(it) => {
            if it.shorthand {
                "a property without a value"
            } else if it.method {
                "a method in an object"
            } else if it.computed {
                "a computed property"
            } else if it.kind != oxc::ast::ast::PropertyKind::Init {
                "a getter or setter"
            } else {
                return None;
            }
        }
        AstKind::NumericLiteral(it) => {
            let raw = it.raw.as_ref()?.to_ascii_lowercase();
            let newer = raw.starts_with("0b") || raw.starts_with("0o") || raw.contains('_');
            if newer { "a binary or octal number" } else { return None }
        }
        AstKind::RegExpLiteral(it) => {
            let pattern = it.regex.pattern.text.as_str();
            let flags = it.regex.flags.to_string();
            let newer = pattern.contains("(?<") || flags.chars().any(|flag| !"gim".contains(flag));
            if newer {
                "a lookbehind, named group or flag of a regular expression"
            } else {
                return None;
            }
        }
        AstKind::ComputedMemberExpression(it) if is_text(script, &it.object) => {
            "an index into a string"
        }
        _ => return None,
    };
    Some((what, span))
}

/// Whether an expression is surely a string.
fn is_text(script: &Script<'_>, expression: &Expression<'_>) -> bool {
    script.is_host(expression) || script.is_url(expression) || script.constant(expression).is_some()
}

/// A comma before the end of a list.
fn trailing_comma(script: &Script<'_>, kind: &AstKind<'_>) -> Option<Span> {
    let (whole, last) = match kind {
        AstKind::ArrayExpression(it) => (it.span, it.elements.last()?.span()),
        AstKind::ObjectExpression(it) => (it.span, it.properties.last()?.span()),
        _ => return None,
    };
    // Nothing but white space and comments can stand there.
    let between = Span::new(last.end, whole.end.saturating_sub(1));
    let comments = &script.program.comments;
    let offset = |at: usize| u32::try_from(at).map(|at| between.start + at).ok();
    let in_comment = |at: u32| {
        let next = comments.partition_point(|comment| comment.span.start <= at);
        next.checked_sub(1).and_then(|last| comments.get(last)).is_some_and(|it| at < it.span.end)
    };
    let mut commas = script.slice(between).match_indices(',').filter_map(|(at, _)| offset(at));
    let comma = commas.find(|at| !in_comment(*at))?;
    Some(Span::new(comma, comma + 1))
}
