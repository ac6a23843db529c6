//! Where a function ends, and what is never reached.

use oxc::ast::ast::{
    Expression, Function, FunctionBody, Statement, SwitchStatement, TryStatement,
    VariableDeclarationKind,
};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};

use super::{Fix, Report, Rule};
use crate::pac::script::{EntryBody, EntryPoint, Script, entry_points};

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    entry_points(script.program, |entry| may_end(script, entry, report));
    Dead { report }.visit_program(script.program);
}

/// A function that clients call must not end without a `return`.
fn may_end(script: &Script<'_>, entry: &EntryPoint<'_, '_>, report: &mut Report) {
    if !entry.is_plain {
        let message = "is a generator or asynchronous, which is no string";
        let help = "write a plain function";
        return report.add(Rule::MayReturnUndefined, entry.span, message, help);
    }
    let EntryBody::Statements(body) = entry.body else { return };
    if !ends(&body.statements) {
        return;
    }
    let close = Span::new(body.span.end.saturating_sub(1), body.span.end);
    let line = script.slice(Span::new(0, close.start)).rsplit('\n').next().unwrap_or_default();
    // On a line of its own, as a statement before it may end without a semicolon.
    let text = if line.trim().is_empty() {
        format!("  return \"DIRECT\";\n{line}")
    } else {
        "\n  return \"DIRECT\";\n".to_owned()
    };
    let message = "may end without an answer, which clients take for a failure of the script";
    let help = "end the function with return \"DIRECT\";";
    report.add(Rule::MayReturnUndefined, close, message, help);
    if is_called_by_clients_alone(script, entry) {
        report.fix_last(Fix { start: close.start, end: close.start, text });
    }
}

/// Whether nobody but a client sees what a function returns.
fn is_called_by_clients_alone(script: &Script<'_>, entry: &EntryPoint<'_, '_>) -> bool {
    let Some(symbol) = entry.declared.and_then(|id| id.symbol_id.get()) else { return false };
    let scoping = script.semantic.scoping();
    scoping.get_resolved_reference_ids(symbol).is_empty()
        && scoping.symbol_redeclarations(symbol).len() < 2
}

/// Whether what follows these statements may be reached.
fn ends(statements: &[Statement<'_>]) -> bool {
    statements.iter().all(completes)
}

/// Whether what follows a statement may be reached.
fn completes(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ReturnStatement(_)
        | Statement::ThrowStatement(_)
        | Statement::BreakStatement(_)
        | Statement::ContinueStatement(_) => false,
        Statement::BlockStatement(block) => ends(&block.body),
        Statement::IfStatement(choice) => match (truth(&choice.test), &choice.alternate) {
            (Some(true), _) => completes(&choice.consequent),
            (Some(false), Some(other)) => completes(other),
            (_, Some(other)) => completes(&choice.consequent) || completes(other),
            (_, None) => true,
        },
        Statement::LabeledStatement(inner) => completes(&inner.body) || leaves(&inner.body),
        Statement::WithStatement(inner) => completes(&inner.body),
        Statement::WhileStatement(repeat) => {
            truth(&repeat.test) != Some(true) || leaves(&repeat.body)
        }
        Statement::DoWhileStatement(repeat) => {
            leaves(&repeat.body) || completes(&repeat.body) && truth(&repeat.test) != Some(true)
        }
        Statement::ForStatement(repeat) => {
            let endless = repeat.test.as_ref().is_none_or(|test| truth(test) == Some(true));
            !endless || leaves(&repeat.body)
        }
        Statement::SwitchStatement(choice) => switch_completes(choice),
        Statement::TryStatement(attempt) => try_completes(attempt),
        _ => true,
    }
}

fn switch_completes(choice: &SwitchStatement<'_>) -> bool {
    let has_default = choice.cases.iter().any(|case| case.test.is_none());
    let last_falls_out = choice.cases.last().is_none_or(|case| ends(&case.consequent));
    let broken = choice.cases.iter().flat_map(|case| &case.consequent).any(leaves);
    !has_default || last_falls_out || broken
}

fn try_completes(attempt: &TryStatement<'_>) -> bool {
    if attempt.finalizer.as_ref().is_some_and(|last| !ends(&last.body)) {
        return false;
    }
    ends(&attempt.block.body)
        || attempt.handler.as_ref().is_some_and(|handler| ends(&handler.body.body))
}

/// Whether a `break` leaves a statement that is a loop's body, or a part of a `switch`; one with a label may.
fn leaves(statement: &Statement<'_>) -> bool {
    struct Breaks {
        found: bool,
        /// Loops and `switch`es around, which a `break` without a label means.
        inside: usize,
    }
    impl<'a> Visit<'a> for Breaks {
        fn visit_statement(&mut self, it: &Statement<'a>) {
            let catches =
                it.is_iteration_statement() || matches!(it, Statement::SwitchStatement(_));
            self.inside += usize::from(catches);
            walk::walk_statement(self, it);
            self.inside -= usize::from(catches);
        }
        fn visit_break_statement(&mut self, it: &oxc::ast::ast::BreakStatement<'a>) {
            self.found |= it.label.is_some() || self.inside == 0;
        }
        fn visit_function(&mut self, _it: &Function<'a>, _flags: oxc::syntax::scope::ScopeFlags) {}
    }
    let mut breaks = Breaks { found: false, inside: 0 };
    breaks.visit_statement(statement);
    breaks.found
}

/// What a condition always is.
pub(super) fn truth(test: &Expression<'_>) -> Option<bool> {
    match test.without_parentheses() {
        Expression::BooleanLiteral(value) => Some(value.value),
        Expression::NumericLiteral(value) => Some(value.value != 0.0 && !value.value.is_nan()),
        Expression::StringLiteral(value) => Some(!value.value.is_empty()),
        Expression::NullLiteral(_) => Some(false),
        Expression::ArrayExpression(_) | Expression::ObjectExpression(_) => Some(true),
        Expression::UnaryExpression(not) if not.operator.is_not() => {
            truth(&not.argument).map(|value| !value)
        }
        _ => None,
    }
}

/// Statements that are never reached, in all functions.
struct Dead<'r> {
    report: &'r mut Report,
}

impl Dead<'_> {
    fn look(&mut self, statements: &[Statement<'_>]) {
        let mut rest = statements.iter().skip_while(|statement| completes(statement)).skip(1);
        // Functions are there from the beginning, and a variable without a value does nothing.
        let idle = |statement: &&Statement<'_>| match statement {
            Statement::FunctionDeclaration(_)
            | Statement::EmptyStatement(_)
            | Statement::BreakStatement(_) => true,
            Statement::VariableDeclaration(names) => {
                names.kind == VariableDeclarationKind::Var
                    && names.declarations.iter().all(|name| name.init.is_none())
            }
            _ => false,
        };
        if let Some(dead) = rest.find(|statement| !idle(statement)) {
            let message = "is never reached: what stands before it ends the function, or the loop";
            self.report.add(Rule::Unreachable, dead.span(), message, "");
        }
    }
}

impl<'a> Visit<'a> for Dead<'_> {
    fn visit_function_body(&mut self, body: &FunctionBody<'a>) {
        self.look(&body.statements);
        walk::walk_function_body(self, body);
    }

    fn visit_block_statement(&mut self, block: &oxc::ast::ast::BlockStatement<'a>) {
        self.look(&block.body);
        walk::walk_block_statement(self, block);
    }

    fn visit_switch_case(&mut self, case: &oxc::ast::ast::SwitchCase<'a>) {
        self.look(&case.consequent);
        walk::walk_switch_case(self, case);
    }

    fn visit_if_statement(&mut self, choice: &oxc::ast::ast::IfStatement<'a>) {
        match (truth(&choice.test), &choice.alternate) {
            (Some(false), _) => {
                self.report.add(
                    Rule::Unreachable,
                    choice.consequent.span(),
                    "is never reached: the test is never true",
                    "",
                );
            }
            (Some(true), Some(other)) => {
                self.report.add(
                    Rule::Unreachable,
                    other.span(),
                    "is never reached: the test is always true",
                    "",
                );
            }
            _ => {}
        }
        walk::walk_if_statement(self, choice);
    }
}

/// Whether a statement always leaves the function.
pub(super) fn returns(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ReturnStatement(_) | Statement::ThrowStatement(_) => true,
        Statement::BlockStatement(block) => block.body.last().is_some_and(returns),
        _ => false,
    }
}
