//! Names that a script uses: those that are nowhere, those of other places, and what it remembers.

use std::collections::{BTreeMap, BTreeSet};

use oxc::ast::AstKind;
use oxc::ast::ast::{
    CallExpression, Expression, MemberExpression, NewExpression, StaticMemberExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{AstNode, NodeId, Reference};
use oxc::span::Span;

use super::calls::{arity, helpers};
use super::{Report, Rule};
use crate::pac::script::{ENTRY_POINTS, Script};

/// Globals of ES3.
const ES3: &[&str] = &[
    "Array",
    "Boolean",
    "Date",
    "Error",
    "EvalError",
    "Function",
    "Infinity",
    "Math",
    "NaN",
    "Number",
    "Object",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "String",
    "SyntaxError",
    "TypeError",
    "URIError",
    "arguments",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "undefined",
    "unescape",
];

/// Names of the helpers' library that are no helpers.
const LIBRARY: [&str; 4] = ["isValidIpAddress", "months", "monthes", "wdays"];

/// Globals that came later.
const LATER: [&str; 30] = [
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
    "FinalizationRegistry",
    "Float32Array",
    "Float64Array",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Intl",
    "Iterator",
    "JSON",
    "Map",
    "Promise",
    "Proxy",
    "Reflect",
    "Set",
    "Symbol",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "globalThis",
];

/// Globals of pages, of Node.js and of Windows Script Host.
const FOREIGN: [&str; 33] = [
    "ActiveXObject",
    "Buffer",
    "Packages",
    "TextDecoder",
    "TextEncoder",
    "URL",
    "URLSearchParams",
    "WScript",
    "XMLHttpRequest",
    "atob",
    "btoa",
    "chrome",
    "clearTimeout",
    "confirm",
    "console",
    "document",
    "exports",
    "external",
    "fetch",
    "importScripts",
    "java",
    "localStorage",
    "location",
    "module",
    "navigator",
    "performance",
    "print",
    "process",
    "prompt",
    "require",
    "self",
    "setTimeout",
    "window",
];

/// Helpers that Firefox does not have.
const EX: [&str; 6] = [
    "dnsResolveEx",
    "getClientVersion",
    "isInNetEx",
    "isResolvableEx",
    "myIpAddressEx",
    "sortIpAddressList",
];

/// Methods that came after ES3 and are methods of nothing else that a PAC has.
const METHODS: [&str; 24] = [
    "codePointAt",
    "copyWithin",
    "endsWith",
    "every",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "flatMap",
    "forEach",
    "includes",
    "map",
    "matchAll",
    "padEnd",
    "padStart",
    "reduce",
    "reduceRight",
    "repeat",
    "replaceAll",
    "some",
    "startsWith",
    "trim",
    "trimEnd",
    "trimStart",
];

/// Functions of objects that came after ES3.
const STATICS: [(&str, &str); 24] = [
    ("Array", "from"),
    ("Array", "isArray"),
    ("Array", "of"),
    ("Date", "now"),
    ("Math", "clz32"),
    ("Math", "fround"),
    ("Math", "imul"),
    ("Math", "log10"),
    ("Math", "log2"),
    ("Math", "sign"),
    ("Math", "trunc"),
    ("Number", "isFinite"),
    ("Number", "isInteger"),
    ("Number", "isNaN"),
    ("Number", "parseInt"),
    ("Object", "assign"),
    ("Object", "create"),
    ("Object", "defineProperty"),
    ("Object", "entries"),
    ("Object", "freeze"),
    ("Object", "fromEntries"),
    ("Object", "keys"),
    ("Object", "values"),
    ("String", "raw"),
];

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    unresolved(script, report);
    state(script, report);
    redefined(script, report);
    let own = own_properties(script);
    let mut uses = Uses { script, report, own, defined: Vec::new(), told: BTreeMap::new() };
    uses.defined = defined(&uses);
    uses.visit_program(script.program);
    let told = std::mem::take(&mut uses.told);
    for (name, (span, count)) in told {
        let times = if count == 1 { String::new() } else { format!(", {count} times") };
        let message = format!("{name} came after ES3{times}");
        report.add(Rule::NewBuiltin, span, message, "write it out, or define it if it is missing");
    }
}

/// Whether a reference stands in a `typeof`, or its statement asks for the name's type before.
fn is_guarded(script: &Script<'_>, name: &str, node: NodeId) -> bool {
    let nodes = script.semantic.nodes();
    let in_ex = |kind: AstKind<'_>| matches!(kind, AstKind::Function(it) if it.id.as_ref().is_some_and(|id| id.name == "FindProxyForURLEx"));
    // Who calls this has them all.
    if EX.contains(&name) && nodes.ancestor_kinds(node).any(in_ex) {
        return true;
    }
    if matches!(nodes.parent_kind(node), AstKind::UnaryExpression(it) if it.operator.is_typeof()) {
        return true;
    }
    // Where the type is asked for may be elsewhere: in a variable, or before an early return.
    nodes.ancestor_kinds(node).any(|kind| matches!(kind, AstKind::TryStatement(_)))
}

/// Names of which the script asks whether they are there.
fn asked_for(script: &Script<'_>) -> BTreeSet<String> {
    let nodes = script.semantic.nodes().iter();
    nodes
        .filter_map(|node| match node.kind() {
            AstKind::UnaryExpression(it) if it.operator.is_typeof() => {
                let Expression::Identifier(name) = it.argument.without_parentheses() else {
                    return None;
                };
                Some(name.name.to_string())
            }
            AstKind::BinaryExpression(it) if it.operator.as_str() == "in" => {
                script.constant(&it.left)
            }
            _ => None,
        })
        .collect()
}

/// Names that no declaration of the script explains.
fn unresolved(script: &Script<'_>, report: &mut Report) {
    let scoping = script.semantic.scoping();
    let asked_for = asked_for(script);
    let own = own_properties(script);
    let nodes = script.semantic.nodes();
    // Inside of `with` a name may be that of a property.
    let any_with = nodes.iter().any(|node| matches!(node.kind(), AstKind::WithStatement(_)));
    let mut all: Vec<(&str, Vec<&Reference>)> = scoping
        .root_unresolved_references()
        .iter()
        .map(|(name, ids)| {
            (name.as_str(), ids.iter().map(|id| scoping.get_reference(*id)).collect())
        })
        .collect();
    all.sort_by_key(|(name, _)| *name);
    for (name, references) in all {
        let set = references.iter().any(|reference| reference.is_write());
        let read =
            references.iter().find(|it| it.is_read() && !is_guarded(script, name, it.node_id()));
        let Some(read) = read else { continue };
        let span = script.semantic.reference_span(read);
        if set || ES3.contains(&name) || asked_for.contains(name) {
            continue;
        }
        if EX.contains(&name) {
            let help = format!("write if (typeof {name} == \"function\") before it");
            report.add(Rule::ExUnguarded, span, format!("{name} is not defined in Firefox"), help);
        } else if name == "alert" {
            let message = format!("alert is called {} times", references.len());
            report.add(Rule::AlertUnguarded, span, message, "take it out when the file is done");
        } else if arity(name).is_some() {
        } else if LATER.contains(&name) {
            let message = format!("{name} came after ES3");
            report.add(Rule::NewBuiltin, span, message, "use objects and arrays");
        } else if FOREIGN.contains(&name) {
            let message = format!("{name} is not defined in a PAC");
            report.add(Rule::ForeignName, span, message, "take it out; alert is all that there is");
        } else if !any_with && !own.iter().any(|own| own == name) && !LIBRARY.contains(&name) {
            let near = nearest(name);
            let help = near.map_or_else(String::new, |near| format!("is {near} meant?"));
            report.add(Rule::UndefinedName, span, format!("{name} is not defined"), help);
        }
    }
}

/// The helper that is meant by a name with another case, or a letter more, less or other.
fn nearest(name: &str) -> Option<&'static str> {
    helpers().chain(ES3.iter().copied()).find(|known| {
        known.eq_ignore_ascii_case(name) || (known.len() > 4 && is_one_edit(known, name))
    })
}

fn is_one_edit(one: &str, other: &str) -> bool {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str, skip: usize| text.bytes().skip(same + skip).collect::<Vec<_>>();
    rest(one, 1) == rest(other, 1)
        || rest(one, 1) == rest(other, 0)
        || rest(one, 0) == rest(other, 1)
}

/// Variables outside of all functions that a function sets.
fn state(script: &Script<'_>, report: &mut Report) {
    let scoping = script.semantic.scoping();
    let nodes = script.semantic.nodes();
    // A function that is called where it stands is a part of loading.
    let in_function = |node: NodeId| {
        let mut functions = nodes.ancestors(node).filter(|it| {
            matches!(it.kind(), AstKind::Function(_) | AstKind::ArrowFunctionExpression(_))
        });
        let called_there = |it: &AstNode<'_>| {
            let parents = nodes.ancestor_kinds(it.id());
            let mut outer =
                parents.skip_while(|kind| matches!(kind, AstKind::ParenthesizedExpression(_)));
            matches!(outer.next(), Some(AstKind::CallExpression(_)))
        };
        functions.any(|it| !called_there(it))
    };
    let known = scoping
        .symbol_ids()
        .filter(|symbol| scoping.symbol_scope_id(*symbol) == scoping.root_scope_id())
        .map(|symbol| {
            (
                scoping.symbol_name(symbol),
                scoping.get_resolved_references(symbol).collect::<Vec<_>>(),
            )
        });
    let unknown = scoping.root_unresolved_references().iter().map(|(name, ids)| {
        (name.as_str(), ids.iter().map(|id| scoping.get_reference(*id)).collect())
    });
    let known = known.map(|(name, references)| (name, references, true));
    let unknown = unknown.map(|(name, references)| (name, references, false));
    for (name, references, declared) in known.chain(unknown) {
        let set = references.iter().find(|it| it.is_write() && in_function(it.node_id()));
        let Some(set) = set.filter(|_| !ENTRY_POINTS.contains(&name)) else { continue };
        let span = script.semantic.reference_span(set);
        let message = format!("{name} is set in a function, and lives on after the call");
        let help = if declared {
            "keep it in a variable of the function".to_owned()
        } else {
            format!("write var {name} in the function")
        };
        report.add(Rule::GlobalState, span, message, help);
    }
}

/// Functions that take the name of another.
fn redefined(script: &Script<'_>, report: &mut Report) {
    let scoping = script.semantic.scoping();
    for symbol in scoping.symbol_ids() {
        if scoping.symbol_scope_id(symbol) != scoping.root_scope_id() {
            continue;
        }
        let (name, span) = (scoping.symbol_name(symbol), scoping.symbol_span(symbol));
        if arity(name).is_some() {
            let message = format!("{name} is a helper of clients, and is defined anew");
            report.add(Rule::Redefined, span, message, "take another name");
        }
        let again = scoping.symbol_redeclarations(symbol);
        if let (true, Some(last)) = (again.len() > 1 && ENTRY_POINTS.contains(&name), again.last())
        {
            let message = format!("{name} is defined {} times; this one counts", again.len());
            report.add(Rule::Redefined, last.span, message, "leave one");
        }
    }
}

/// Properties that the script gives to its own objects.
fn own_properties(script: &Script<'_>) -> Vec<String> {
    let mut own = Vec::new();
    for node in script.semantic.nodes().iter() {
        match node.kind() {
            AstKind::ObjectProperty(it) => own.extend(it.key.static_name().map(String::from)),
            AstKind::MethodDefinition(it) => own.extend(it.key.static_name().map(String::from)),
            AstKind::AssignmentExpression(it) => {
                let member = it.left.as_member_expression();
                let name = member.and_then(MemberExpression::static_property_name);
                own.extend(name.as_ref().map(ToString::to_string));
            }
            _ => {}
        }
    }
    own.sort();
    own.dedup();
    own
}

/// Functions of built-in objects that the script sets.
fn defined(uses: &Uses<'_, '_, '_>) -> Vec<(&'static str, &'static str)> {
    let set = |kind: AstKind<'_>| {
        let AstKind::AssignmentExpression(it) = kind else { return None };
        let member = it.left.as_member_expression()?;
        let name = member.static_property_name()?;
        let mut all = STATICS.iter().copied();
        all.find(|(object, function)| name == *function && uses.is_global(member.object(), object))
    };
    uses.script.semantic.nodes().iter().filter_map(|node| set(node.kind())).collect()
}

struct Uses<'s, 'a, 'r> {
    script: &'s Script<'a>,
    report: &'r mut Report,
    own: Vec<String>,
    /// What came after ES3, and is defined by the script if it is missing.
    defined: Vec<(&'static str, &'static str)>,
    /// What came after ES3, where first, and how often.
    told: BTreeMap<String, (Span, usize)>,
}

impl Uses<'_, '_, '_> {
    fn is_global(&self, object: &Expression<'_>, name: &str) -> bool {
        matches!(object.without_parentheses(), Expression::Identifier(it)
            if it.name == name && self.script.semantic.is_reference_to_global_variable(it))
    }

    fn tell(&mut self, name: String, span: Span) {
        self.told.entry(name).or_insert((span, 0)).1 += 1;
    }

    fn code(&mut self, span: Span) {
        self.report.add(Rule::Eval, span, "makes code of a text", "write the code out");
    }
}

impl<'a> Visit<'a> for Uses<'_, 'a, '_> {
    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        let name = it.property.name.as_str();
        if self.is_global(&it.object, "Math") && name == "random" {
            let help = "let a hash of host choose: the same for every call";
            self.report.add(Rule::Random, it.span, "the answer is a throw of dice", help);
        }
        let function = STATICS
            .iter()
            .find(|(object, function)| *function == name && self.is_global(&it.object, object));
        if let Some((object, function)) = function {
            if self.defined.contains(&(object, function)) {
                return;
            }
            self.tell(format!("{object}.{function}"), it.span);
        } else if METHODS.contains(&name) && !self.own.iter().any(|own| own == name) {
            self.tell(format!(".{name}"), it.property.span);
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if self.is_global(&call.callee, "eval") || self.is_global(&call.callee, "Function") {
            self.code(call.span);
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_new_expression(&mut self, call: &NewExpression<'a>) {
        if self.is_global(&call.callee, "Function") {
            self.code(call.span);
        }
        walk::walk_new_expression(self, call);
    }
}
