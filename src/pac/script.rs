//! The text of a PAC as a syntax tree, and places in it.
#![expect(clippy::wildcard_enum_match_arm, reason = "a syntax tree has hundreds of kinds of nodes")]

use oxc::allocator::Allocator;
use oxc::ast::AstKind;
use oxc::ast::ast::{
    ArrowFunctionBody, AssignmentExpression, BindingIdentifier, BindingPattern, Expression,
    FormalParameters, Function, FunctionBody, Program, Statement, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Semantic, SemanticBuilder, SymbolId};
use oxc::span::{SourceType, Span};
use oxc::str::Ident;
use oxc::syntax::scope::ScopeFlags;
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

    /// The byte of this text at a line and a column in characters, both 1-based, and nothing after it; `None`
    /// if there is no such place.
    pub(super) fn at(&self, text: &str, line: usize, column: usize) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let line = text.get(start..)?.lines().next()?;
        let (column, _) = line.char_indices().nth(column.checked_sub(1)?)?;
        let at = u32::try_from(start + column).ok()?;
        Some(Span::new(at, at))
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
    /// What clients pass: the first arguments of the functions that they call, where those are not set.
    urls: Vec<SymbolId>,
    /// The second ones.
    hosts: Vec<SymbolId>,
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
    let mut script =
        Script { text, program, semantic: built.semantic, urls: Vec::new(), hosts: Vec::new() };
    let (mut urls, mut hosts) = (Vec::new(), Vec::new());
    entry_points(program, |entry| {
        let scoping = script.semantic.scoping();
        let symbol = |place: usize| {
            let parameter = entry.params.items.get(place)?;
            let symbol = parameter.pattern.get_binding_identifier()?.symbol_id.get()?;
            (!scoping.symbol_is_mutated(symbol)).then_some(symbol)
        };
        urls.extend(symbol(0));
        hosts.extend(symbol(1));
    });
    (script.urls, script.hosts) = (urls, hosts);
    Ok(work(&script))
}

/// Functions that clients call.
pub(super) const ENTRY_POINTS: [&str; 2] = ["FindProxyForURL", "FindProxyForURLEx"];

/// A function that clients call.
pub(super) struct EntryPoint<'f, 'a> {
    /// Its name, if that is declared with it.
    pub(super) declared: Option<&'f BindingIdentifier<'a>>,
    pub(super) span: Span,
    pub(super) params: &'f FormalParameters<'a>,
    pub(super) body: EntryBody<'f, 'a>,
    /// Whether it returns what its `return` says: it is no generator, and not asynchronous.
    pub(super) is_plain: bool,
}

/// What such a function does.
#[derive(Clone, Copy)]
pub(super) enum EntryBody<'f, 'a> {
    Statements(&'f FunctionBody<'a>),
    /// Of an arrow function without braces: what it returns.
    Value(&'f Expression<'a>),
}

impl<'f, 'a> EntryBody<'f, 'a> {
    pub(super) fn statements(self) -> &'f [Statement<'a>] {
        match self {
            Self::Statements(body) => &body.statements,
            Self::Value(_) => &[],
        }
    }
}

/// Calls `found` for each function that clients call: declared outside of all others, or set as a variable.
pub(super) fn entry_points<'a>(program: &Program<'a>, found: impl FnMut(&EntryPoint<'_, 'a>)) {
    EntryPoints { found, depth: 0 }.visit_program(program);
}

struct EntryPoints<F> {
    found: F,
    depth: usize,
}

impl<F> EntryPoints<F> {
    fn function<'a>(&mut self, function: &Function<'a>)
    where
        F: FnMut(&EntryPoint<'_, 'a>),
    {
        let Some(body) = &function.body else { return };
        (self.found)(&EntryPoint {
            declared: function.id.as_ref().filter(|_| function.is_declaration()),
            span: function.span,
            params: &function.params,
            body: EntryBody::Statements(body),
            is_plain: !function.generator && !function.r#async,
        });
    }

    fn set<'a>(&mut self, name: Option<&str>, value: &Expression<'a>)
    where
        F: FnMut(&EntryPoint<'_, 'a>),
    {
        if !name.is_some_and(|name| ENTRY_POINTS.contains(&name)) {
            return;
        }
        match value.without_parentheses() {
            Expression::FunctionExpression(function) => self.function(function),
            Expression::ArrowFunctionExpression(arrow) => (self.found)(&EntryPoint {
                declared: None,
                span: arrow.span,
                params: &arrow.params,
                body: match &arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => EntryBody::Statements(body),
                    value => EntryBody::Value(value.to_expression()),
                },
                is_plain: !arrow.r#async,
            }),
            _ => {}
        }
    }
}

impl<'a, F: FnMut(&EntryPoint<'_, 'a>)> Visit<'a> for EntryPoints<F> {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let name = function.id.as_ref().map(|id| id.name.as_str());
        let outside = self.depth == 0 && function.is_declaration();
        if outside && name.is_some_and(|name| ENTRY_POINTS.contains(&name)) {
            self.function(function);
        }
        self.depth += 1;
        walk::walk_function(self, function, flags);
        self.depth -= 1;
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        self.set(it.left.get_identifier_name(), &it.right);
        walk::walk_assignment_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let Some(init) = it.init.as_ref().filter(|_| self.depth == 0) {
            let name = it.id.get_identifier_name();
            self.set(name.as_ref().map(Ident::as_str), init);
        }
        walk::walk_variable_declarator(self, it);
    }
}

impl Script<'_> {
    /// Whether an expression is the URL that the client passes.
    pub(super) fn is_url(&self, expression: &Expression<'_>) -> bool {
        self.symbol(expression).is_some_and(|symbol| self.urls.contains(&symbol))
    }

    /// Whether an expression is the host that the client passes.
    pub(super) fn is_host(&self, expression: &Expression<'_>) -> bool {
        self.symbol(expression).is_some_and(|symbol| self.hosts.contains(&symbol))
    }

    /// The variable that an expression is.
    fn symbol(&self, expression: &Expression<'_>) -> Option<SymbolId> {
        let Expression::Identifier(name) = expression.without_parentheses() else { return None };
        self.semantic.scoping().get_reference(name.reference_id.get()?).symbol_id()
    }

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
            Expression::Identifier(_) => {
                let symbol = self.symbol(expression)?;
                // Few are variables with a value, and to find out whether one is set again takes long.
                match self.semantic.symbol_declaration(symbol).kind() {
                    AstKind::VariableDeclarator(variable)
                        if matches!(variable.id, BindingPattern::BindingIdentifier(_))
                            && !self.semantic.scoping().symbol_is_mutated(symbol) =>
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
