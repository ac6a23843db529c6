//! A script in fewer bytes: short names of its own, and no white space that it can do without. The syntax
//! stays what it was, as a printer of syntax trees may put newer one in.

#![expect(clippy::wildcard_enum_match_arm, reason = "a syntax tree has hundreds of kinds of nodes")]
use std::collections::HashMap;

use oxc::allocator::Allocator;
use oxc::ast::AstKind;
use oxc::ast::ast::Program;
use oxc::mangler::{MangleOptions, Mangler};
use oxc::parser::{Parser, config::TokensParserConfig};
use oxc::semantic::{Scoping, Semantic, SemanticBuilder};
use oxc::span::SourceType;

use super::eval::on_large_stack;

/// Names that clients look for.
const KEPT: [&str; 2] = ["FindProxyForURL", "FindProxyForURLEx"];

/// Writes a script in fewer bytes.
///
/// # Errors
/// What the parser says.
pub(super) fn minify(source: &str) -> Result<String, String> {
    on_large_stack(|| Ok(shorten(source))).map_err(|error| error.to_string())?
}

fn shorten(source: &str) -> Result<String, String> {
    let allocator = Allocator::default();
    let parser =
        Parser::new(&allocator, source, SourceType::script()).with_config(TokensParserConfig);
    let parsed = parser.parse();
    if let Some(error) = parsed.diagnostics.errors().next() {
        return Err(error.message.to_string());
    }
    let names = short_names(&parsed.program);
    let mut out = String::with_capacity(source.len());
    let (mut before_last, mut last) = ("", "");
    for token in &parsed.tokens {
        let bounds = (usize::try_from(token.start()), usize::try_from(token.end()));
        let (Ok(start), Ok(end)) = bounds else { continue };
        let text = source.get(start..end).unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let text = names.get(&token.start()).map_or(text, String::as_str);
        // An empty statement needs its semicolon.
        if text == "}"
            && last == ";"
            && !matches!(before_last, ")" | "else" | "do" | ";" | "{" | "}" | ":")
        {
            out.pop();
        }
        out.push_str(between(last, text, token.is_on_new_line()));
        out.push_str(text);
        (before_last, last) = (last, text);
    }
    out.push('\n');
    Ok(out)
}

/// What has to stand between two tokens.
fn between(last: &str, next: &str, new_line: bool) -> &'static str {
    let (Some(end), Some(start)) = (last.chars().next_back(), next.chars().next()) else {
        return "";
    };
    // A line end may end a statement.
    if new_line && !"{;,([".contains(end) && !"});],".contains(start) {
        return "\n";
    }
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '\\');
    let joined = match (end, start) {
        ('+', '+') | ('-', '-' | '>') | ('/', '/' | '*') | ('<', '!') => true,
        (_, '.') => last.starts_with(|c: char| c.is_ascii_digit()),
        // `/a/ in b` and `1. in b`.
        ('/' | '.', start) => last.len() > 1 && word(start),
        (end, start) => word(end) && word(start),
    };
    if joined { " " } else { "" }
}

/// Shorter names, by where they begin.
fn short_names(program: &Program<'_>) -> HashMap<u32, String> {
    let mut semantic = SemanticBuilder::new()
        .with_build_nodes(true)
        .with_class_table(true)
        .build(program)
        .semantic;
    // In `{a}` a name is that of a property, too.
    let doubles = semantic.nodes().iter().any(|node| {
        let kind = node.kind();
        matches!(kind, AstKind::ObjectProperty(it) if it.shorthand)
            || matches!(kind, AstKind::ObjectPattern(_) | AstKind::ObjectAssignmentTarget(_))
    });
    if doubles || names_are_seen(&semantic) {
        return HashMap::new();
    }
    let name = |scoping: &Scoping, symbol| scoping.symbol_name(symbol).to_owned();
    let scoping = semantic.scoping();
    let old: Vec<String> = scoping.symbol_ids().map(|symbol| name(scoping, symbol)).collect();
    let options = MangleOptions {
        top_level: Some(true),
        reserved: KEPT.into_iter().map(Into::into).collect(),
        ..MangleOptions::default()
    };
    Mangler::new().with_options(options).build_with_semantic(&mut semantic, program);
    let scoping = semantic.scoping();
    let mut names = HashMap::new();
    for (symbol, old) in scoping.symbol_ids().zip(old) {
        let new = name(scoping, symbol);
        if new == old {
            continue;
        }
        let references = scoping
            .get_resolved_references(symbol)
            .map(|reference| semantic.reference_span(reference));
        let again = scoping.symbol_redeclarations(symbol).iter().map(|again| again.span);
        let spans = references.chain(again).chain([scoping.symbol_span(symbol)]);
        names.extend(spans.map(|span| (span.start, new.clone())));
    }
    names
}

/// Whether a name can mean something else than its scope says: in a `with`, in text that becomes code, as a
/// property of the global object, or of a function that stands in a block.
fn names_are_seen(semantic: &Semantic<'_>) -> bool {
    let nodes = semantic.nodes();
    let unresolved = semantic.scoping().root_unresolved_references();
    let by_text = ["eval", "Function"].into_iter().any(|name| unresolved.contains_key(name));
    by_text
        || nodes.iter().any(|node| match node.kind() {
            AstKind::WithStatement(_) | AstKind::ThisExpression(_) => true,
            AstKind::Function(it) if it.is_declaration() => {
                let parent = nodes.parent_kind(node.id());
                !matches!(parent, AstKind::Program(_) | AstKind::FunctionBody(_))
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_not_missed() {
        let short = |source: &str| minify(source).unwrap().trim_end().to_owned();
        assert_eq!(short("var a = 1 ; // x\nvar bee = a + +a - -a;"), "var e=1;var t=e+ +e- -e;");
        assert_eq!(short("x = y\n(z)\nw()"), "x=y\n(z)\nw()");
        assert_eq!(
            short("function FindProxyForURL(url, host) { if (url) ; return host; }"),
            "function FindProxyForURL(e,t){if(e);return t}"
        );
        assert_eq!(short("while (x) ; { }"), "while(x);{}");
        assert_eq!(
            short("a = b / /c/.d; e = 1 .f; g = h < ! --i;"),
            "a=b/ /c/.d;e=1 .f;g=h< !--i;"
        );
        assert_eq!(
            short("return_ = function () { return \"a  b\" }"),
            "return_=function(){return\"a  b\"}"
        );
        assert_eq!(
            short("a = /b/ in c; d = 1. in c; if (x) { e: ; }"),
            "a=/b/ in c;d=1. in c;if(x){e:;}"
        );
        assert!(minify("function (").is_err());
    }

    #[test]
    fn names_of_others_stay() {
        let text =
            minify("function f(host) { return dnsResolve(host) + f.name + {host: 1}.host; }")
                .unwrap();
        assert!(
            text.contains("dnsResolve(")
                && text.contains(".name")
                && text.contains("{host:1}.host"),
            "{text}"
        );
        assert!(minify("var o = {a}, a = 1;").unwrap().contains("{a}"));
        for seen in [
            "with (o) { }",
            "eval('a')",
            "new Function('a')",
            "this.long",
            "if (x) { function f() { } }",
        ] {
            let text = minify(&format!("var long = 1; {seen};")).unwrap();
            assert!(text.contains("var long"), "{text}");
        }
    }
}
