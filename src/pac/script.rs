//! The text of a PAC as a syntax tree, and places in it.
#![expect(clippy::wildcard_enum_match_arm, reason = "a syntax tree has hundreds of kinds of nodes")]

use oxc::allocator::Allocator;
use oxc::ast::ast::{Expression, Program};
use oxc::ast::{AstKind, ast::BindingPattern};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Semantic, SemanticBuilder};
use oxc::span::{SourceType, Span};
use serde::{Deserialize, Serialize};

/// A stretch of a text: from here, up to there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// 1-based line of its end.
    pub end_line: usize,
    /// 1-based column after its end.
    pub end_column: usize,
}

/// Where lines begin.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    length: usize,
    starts: Vec<usize>,
    /// Ends of the characters beyond ASCII, with the bytes up to there that begin no character.
    wide: Vec<(usize, usize)>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|&(at, &byte)| {
            byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let mut more = 0;
        let beyond = text.char_indices().filter(|(_, c)| !c.is_ascii());
        let wide = beyond
            .map(|(at, c)| {
                more += c.len_utf8() - 1;
                (at + c.len_utf8(), more)
            })
            .collect();
        Self { length: text.len(), starts, wide }
    }

    /// The place of these bytes.
    pub(super) fn place(&self, span: Span) -> Place {
        let (line, column) = self.position(span.start);
        let (end_line, end_column) = self.position(span.end);
        Place { line, column, end_line, end_column }
    }

    fn position(&self, at: u32) -> (usize, usize) {
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(self.length);
        let line = self.starts.partition_point(|&start| start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let more = |at: usize| {
            let before = self.wide.partition_point(|(end, _)| *end <= at);
            before.checked_sub(1).and_then(|last| self.wide.get(last)).map_or(0, |(_, more)| *more)
        };
        (line, (at - start) - (more(at) - more(start)) + 1)
    }
}

/// What is wrong with the syntax, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// A script that parses.
pub(super) struct Script<'a> {
    pub(super) text: &'a str,
    pub(super) program: &'a Program<'a>,
    pub(super) semantic: Semantic<'a>,
}

/// Parses a script as browsers do, in sloppy mode, and hands its tree on.
///
/// Recurses as deeply as the script is nested.
pub(super) fn with_script<T>(
    text: &str,
    work: impl for<'a> FnOnce(&Script<'a>) -> T,
) -> Result<T, SyntaxError> {
    let allocator = Allocator::default();
    let options = ParseOptions { parse_regular_expression: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, SourceType::script()).with_options(options).parse();
    let whole = parsed.program;
    let program = &*allocator.alloc(whole);
    let built =
        SemanticBuilder::new().with_build_nodes(true).with_check_syntax_error(true).build(program);
    let mut errors = parsed.diagnostics.errors().chain(built.diagnostics.errors());
    if let Some(error) = errors.next() {
        let label = error.labels.iter().next();
        let span = label.map(|label| Span::new(label.offset(), label.offset() + label.len()));
        return Err(SyntaxError {
            span: span.unwrap_or_default(),
            message: error.message.to_string(),
            help: error.help.as_ref().map(ToString::to_string),
        });
    }
    Ok(work(&Script { text, program, semantic: built.semantic }))
}

impl Script<'_> {
    /// The text of these bytes.
    pub(super) fn slice(&self, span: Span) -> &str {
        let Span { start, end, .. } = span;
        let at = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        self.text.get(at(start)..at(end)).unwrap_or_default()
    }

    /// The text that an expression always has: literals, sums of them, and variables that are set once.
    pub(super) fn constant(&self, expression: &Expression<'_>) -> Option<String> {
        self.constant_within(expression, 16)
    }

    fn constant_within(&self, expression: &Expression<'_>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match expression.without_parentheses() {
            Expression::StringLiteral(literal) => Some(literal.value.to_string()),
            Expression::TemplateLiteral(literal) if literal.expressions.is_empty() => {
                literal.single_quasi().map(|text| text.to_string())
            }
            Expression::BinaryExpression(sum) if sum.operator.as_str() == "+" => {
                let left = self.constant_within(&sum.left, depth)?;
                Some(left + &self.constant_within(&sum.right, depth)?)
            }
            Expression::Identifier(name) => {
                let scoping = self.semantic.scoping();
                let symbol = scoping.get_reference(name.reference_id.get()?).symbol_id()?;
                if scoping.symbol_is_mutated(symbol) {
                    return None;
                }
                match self.semantic.symbol_declaration(symbol).kind() {
                    AstKind::VariableDeclarator(variable)
                        if matches!(variable.id, BindingPattern::BindingIdentifier(_)) =>
                    {
                        self.constant_within(variable.init.as_ref()?, depth)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
