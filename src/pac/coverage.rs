//! Which statements of a PAC have run, and which tests have been true and false.
//!
//! The script is written anew with a call before each statement and around each term of a condition, on
//! the same lines. After each answer the calls are asked what they have seen.
#![expect(clippy::wildcard_enum_match_arm, reason = "a syntax tree has hundreds of kinds of nodes")]

use oxc::ast::ast::{
    ConditionalExpression, DoWhileStatement, Expression, ForInStatement, ForOfStatement,
    ForStatement, FunctionBody, IfStatement, LabeledStatement, Program, Statement, SwitchCase,
    WhileStatement, WithStatement,
};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};
use serde::{Deserialize, Serialize};

use super::script::{Lines, Place, Script};

/// What can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// What it is.
    pub kind: PointKind,
    /// Where it is.
    pub place: Place,
    /// How it begins: at most 80 characters, on one line.
    pub text: String,
}

/// What is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointKind {
    /// A statement runs.
    Statement,
    /// A term of a condition is true.
    True,
    /// It is false.
    False,
}

/// A script that tells what it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrumented {
    /// Its text.
    pub text: String,
    /// What it can reach, by number.
    pub points: Vec<Point>,
}

/// The function that gives, and forgets, what has been reached: numbers with commas.
pub(super) const TAKE: &str = "parrayTakeReached";

/// Functions of the instrumented script: they are hoisted, and hold what they have seen as a property.
const RECORDER: &str = "
function parrayReached(n) { (parrayReached.seen || (parrayReached.seen = {}))[n] = 1; }
function parrayTested(n, value) { parrayReached(value ? n : n + 1); return value; }
function parrayTakeReached() {
  var all = '', n;
  for (n in parrayReached.seen) all += n + ',';
  parrayReached.seen = {};
  return all;
}
";

/// Writes a script anew.
pub(super) fn instrument(script: &Script<'_>) -> Instrumented {
    let lines = Lines::new(script.text);
    let mut writer = Writer { script, lines, points: Vec::new(), insertions: Vec::new() };
    writer.visit_program(script.program);
    let Writer { points, mut insertions, .. } = writer;
    // What closes comes before what opens at the same place; of those that open, the outer first; of those
    // that close, the inner first.
    insertions.sort_by_key(|insertion| (insertion.at, insertion.order));
    let (mut text, mut at) = (String::with_capacity(script.text.len() * 2), 0);
    for Insertion { at: next, text: inserted, .. } in insertions {
        let next = usize::try_from(next).unwrap_or(usize::MAX);
        text.push_str(script.text.get(at..next).unwrap_or_default());
        text.push_str(&inserted);
        at = next;
    }
    text.push_str(script.text.get(at..).unwrap_or_default());
    text.push_str(RECORDER);
    Instrumented { text, points }
}

struct Insertion {
    at: u32,
    /// Closing ones are negative: by how early they were opened, the later first.
    order: i64,
    text: String,
}

struct Writer<'s, 'a> {
    script: &'s Script<'a>,
    lines: Lines,
    points: Vec<Point>,
    insertions: Vec<Insertion>,
}

impl<'a> Writer<'_, 'a> {
    fn point(&mut self, kind: PointKind, span: Span) -> usize {
        let text = self.script.slice(span).chars().take(80);
        let text = text.map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.points.push(Point { kind, place: self.lines.place(span), text });
        self.points.len() - 1
    }

    fn open(&mut self, at: u32, text: String) -> i64 {
        let order = i64::try_from(self.insertions.len()).unwrap_or(i64::MAX).saturating_add(1);
        self.insertions.push(Insertion { at, order, text });
        order
    }

    fn close(&mut self, at: u32, opened: i64, text: &str) {
        self.insertions.push(Insertion {
            at,
            order: opened.saturating_neg(),
            text: text.to_owned(),
        });
    }

    /// A statement of a list.
    fn listed(&mut self, statement: &Statement<'a>) {
        if is_silent(statement) {
            return;
        }
        let number = self.point(PointKind::Statement, statement.span());
        self.open(statement.span().start, format!("parrayReached({number});"));
    }

    /// A statement that is the body of another, which may have to become a block.
    fn lone(&mut self, statement: &Statement<'a>) {
        if matches!(statement, Statement::BlockStatement(_) | Statement::FunctionDeclaration(_)) {
            return;
        }
        let span = statement.span();
        let number = self.point(PointKind::Statement, span);
        let opened = self.open(span.start, format!("{{parrayReached({number});"));
        self.close(span.end, opened, "}");
    }

    /// The terms of a condition.
    fn condition(&mut self, test: &Expression<'a>) {
        match test {
            Expression::ParenthesizedExpression(inner) => self.condition(&inner.expression),
            Expression::LogicalExpression(it) => {
                self.condition(&it.left);
                self.condition(&it.right);
            }
            Expression::UnaryExpression(it) if it.operator.is_not() => self.condition(&it.argument),
            term => {
                let span = term.span();
                let number = self.point(PointKind::True, span);
                self.point(PointKind::False, span);
                let opened = self.open(span.start, format!("parrayTested({number},("));
                self.close(span.end, opened, "))");
            }
        }
    }
}

/// Whether a statement does nothing where it stands.
fn is_silent(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::FunctionDeclaration(_)
        | Statement::EmptyStatement(_)
        | Statement::BlockStatement(_) => true,
        // Its body is reached with it.
        Statement::VariableDeclaration(it) => {
            it.declarations.iter().all(|name| name.init.is_none())
        }
        _ => false,
    }
}

impl<'a> Visit<'a> for Writer<'_, 'a> {
    fn visit_program(&mut self, it: &Program<'a>) {
        it.body.iter().for_each(|statement| {
            self.listed(statement);
            self.visit_statement(statement);
        });
    }

    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        it.statements.iter().for_each(|statement| {
            self.listed(statement);
            self.visit_statement(statement);
        });
    }

    fn visit_block_statement(&mut self, it: &oxc::ast::ast::BlockStatement<'a>) {
        it.body.iter().for_each(|statement| {
            self.listed(statement);
            self.visit_statement(statement);
        });
    }

    fn visit_switch_case(&mut self, it: &SwitchCase<'a>) {
        if let Some(test) = &it.test {
            self.visit_expression(test);
        }
        it.consequent.iter().for_each(|statement| {
            self.listed(statement);
            self.visit_statement(statement);
        });
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.condition(&it.test);
        self.lone(&it.consequent);
        // An `else if` is no statement of its own to a reader.
        if let Some(other) =
            it.alternate.as_ref().filter(|other| !matches!(other, Statement::IfStatement(_)))
        {
            self.lone(other);
        }
        walk::walk_if_statement(self, it);
    }

    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        self.condition(&it.test);
        walk::walk_conditional_expression(self, it);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        self.condition(&it.test);
        self.lone(&it.body);
        walk::walk_while_statement(self, it);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        self.lone(&it.body);
        self.condition(&it.test);
        walk::walk_do_while_statement(self, it);
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        if let Some(test) = &it.test {
            self.condition(test);
        }
        self.lone(&it.body);
        walk::walk_for_statement(self, it);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.lone(&it.body);
        walk::walk_for_in_statement(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.lone(&it.body);
        walk::walk_for_of_statement(self, it);
    }

    fn visit_with_statement(&mut self, it: &WithStatement<'a>) {
        self.lone(&it.body);
        walk::walk_with_statement(self, it);
    }

    fn visit_labeled_statement(&mut self, it: &LabeledStatement<'a>) {
        // A loop has to stay next to its label, or `continue` would not find it.
        walk::walk_labeled_statement(self, it);
    }
}
