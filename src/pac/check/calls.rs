//! Calls of helpers, and what they are given.

use std::net::Ipv4Addr;

use oxc::ast::ast::{Argument, CallExpression, Expression};
use oxc::ast_visit::{Visit, walk};
use oxc::span::GetSpan;

use super::{Report, Rule};
use crate::pac::script::Script;

/// Helpers, and how many arguments they take at least and at most.
const HELPERS: [(&str, usize, usize); 19] = [
    ("alert", 1, 1),
    ("convert_addr", 1, 1),
    ("dateRange", 1, 7),
    ("dnsDomainIs", 2, 2),
    ("dnsDomainLevels", 1, 1),
    ("dnsResolve", 1, 1),
    ("dnsResolveEx", 1, 1),
    ("getClientVersion", 0, 0),
    ("isInNet", 3, 3),
    ("isInNetEx", 2, 2),
    ("isPlainHostName", 1, 1),
    ("isResolvable", 1, 1),
    ("isResolvableEx", 1, 1),
    ("localHostOrDomainIs", 2, 2),
    ("myIpAddress", 0, 0),
    ("myIpAddressEx", 0, 0),
    ("shExpMatch", 2, 2),
    ("timeRange", 1, 7),
    ("weekdayRange", 1, 3),
];

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// The arguments of a helper of this name.
pub(super) fn arity(name: &str) -> Option<(usize, usize)> {
    HELPERS.iter().find(|(helper, ..)| *helper == name).map(|(_, least, most)| (*least, *most))
}

/// Names of helpers.
pub(super) fn helpers() -> impl Iterator<Item = &'static str> {
    HELPERS.iter().map(|(name, ..)| *name)
}

/// The helper that a call calls, if the script has no function of that name.
pub(super) fn helper<'a>(script: &Script<'_>, call: &CallExpression<'a>) -> Option<&'a str> {
    let Expression::Identifier(callee) = call.callee.without_parentheses() else { return None };
    let name = callee.name.as_str();
    (script.semantic.is_reference_to_global_variable(callee) && arity(name).is_some())
        .then_some(name)
}

pub(super) fn check(script: &Script<'_>, report: &mut Report) {
    Calls { script, report }.visit_program(script.program);
}

struct Calls<'s, 'a, 'r> {
    script: &'s Script<'a>,
    report: &'r mut Report,
}

impl<'a> Visit<'a> for Calls<'_, 'a, '_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(name) = helper(self.script, call) {
            self.helper(name, call);
        }
        walk::walk_call_expression(self, call);
    }
}

impl<'a> Calls<'_, 'a, '_> {
    fn helper(&mut self, name: &str, call: &CallExpression<'a>) {
        self.count(name, call);
        let given: Vec<&Expression<'a>> =
            call.arguments.iter().map_while(Argument::as_expression).collect();
        match (name, given.as_slice()) {
            ("shExpMatch", [what, pattern]) => self.pattern(what, pattern),
            ("dnsDomainIs", [_, domain]) => self.domain(domain),
            ("localHostOrDomainIs", [_, name]) => self.local(name),
            ("isInNet", [_, net, mask]) => self.net(call, net, mask),
            ("weekdayRange", days) => self.words(days, &DAYS, "day"),
            ("dateRange", given) => self.dates(call, given),
            ("timeRange", given) => self.hours(call, given),
            _ => {}
        }
    }

    fn count(&mut self, name: &str, call: &CallExpression<'a>) {
        let Some((least, most)) = arity(name) else { return };
        let given = call.arguments.len();
        if call.arguments.iter().any(Argument::is_spread) || (least..=most).contains(&given) {
            return;
        }
        let takes = match (least, most) {
            (0, 0) => "none".to_owned(),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let message = format!("{name} takes {takes} arguments, found {given}");
        self.report.add(Rule::Arguments, call.span, message, "");
    }

    fn pattern(&mut self, what: &Expression<'a>, pattern: &Expression<'a>) {
        let Some(text) = self.script.constant(pattern) else { return };
        let odd: String = text.chars().filter(|c| r"()[]{}|^$+\".contains(*c)).collect();
        if !odd.is_empty() {
            let message =
                format!("pattern {text:?} has {odd:?}, which a regular expression takes otherwise");
            let help = "write a pattern of * and ? for each case, or test a regular expression of your own";
            self.report.add(Rule::ShexpRegexp, pattern.span(), message, help);
        }
        // What goes on after the host is meant to be the path: so this is meant to be the host.
        let rest = text.trim_start_matches('*').strip_prefix('.').unwrap_or_default();
        let host = rest.split_once('/').map_or("", |(host, _)| host);
        let name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let is_name = host.contains('.') && host.chars().all(name);
        if self.script.is_url(what) && text.starts_with('*') && is_name {
            let message = format!("pattern {text:?} finds {host:?} in paths and queries, too");
            let help = format!("write dnsDomainIs(host, {:?})", format!(".{host}"));
            self.report.add(Rule::LooseUrl, pattern.span(), message, help);
        }
    }

    fn domain(&mut self, domain: &Expression<'a>) {
        let Some(text) = self.script.constant(domain) else { return };
        if text.contains('*') {
            let message = format!("dnsDomainIs knows no *, found {text:?}");
            self.report.add(
                Rule::NeverMatches,
                domain.span(),
                message,
                "write the end of the name, or use shExpMatch",
            );
        } else if text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
            && text.parse::<Ipv4Addr>().is_err()
        {
            let message = format!("{text:?} is the end of {:?}, too", format!("not{text}"));
            let help = format!("write (dnsDomainIs(host, \".{text}\") || host == {text:?})");
            self.report.add(Rule::UndottedDomain, domain.span(), message, help);
        }
    }

    fn local(&mut self, name: &Expression<'a>) {
        let Some(text) = self.script.constant(name) else { return };
        if text.starts_with('.') || text.contains('*') {
            let message = format!("localHostOrDomainIs takes a whole name, found {text:?}");
            let help = "use dnsDomainIs for the end of a name, and shExpMatch for a pattern";
            self.report.add(Rule::NeverMatches, name.span(), message, help);
        }
    }

    fn net(&mut self, call: &CallExpression<'a>, net: &Expression<'a>, mask: &Expression<'a>) {
        let help =
            "write isInNet(host, \"10.0.0.0\", \"255.0.0.0\"), or isInNetEx where it is defined";
        if let Some(text) = self.script.constant(net)
            && text.parse::<Ipv4Addr>().is_err()
        {
            let message = format!("network must be an IPv4 address, found {text:?}");
            return self.report.add(Rule::Netmask, net.span(), message, help);
        }
        let Some(text) = self.script.constant(mask) else { return };
        let Ok(bits) = text.parse::<Ipv4Addr>() else {
            let message = format!("mask must be such as 255.255.0.0, found {text:?}");
            return self.report.add(Rule::Netmask, mask.span(), message, help);
        };
        let bits = bits.to_bits();
        if bits.leading_ones() != bits.count_ones() {
            let message = format!("mask {text:?} has bits after its end");
            return self.report.add(Rule::Netmask, mask.span(), message, help);
        }
        let Some(net) = self.script.constant(net).and_then(|text| text.parse::<Ipv4Addr>().ok())
        else {
            return;
        };
        if net.to_bits() & !bits != 0 {
            let base = Ipv4Addr::from_bits(net.to_bits() & bits);
            let message = format!("{net} has bits beyond the mask {text}, which count for nothing");
            self.report.add(Rule::Arguments, call.span, message, format!("write {base}"));
        }
    }

    /// Names of days and months are three capital letters.
    fn words(&mut self, given: &[&Expression<'a>], known: &[&str], what: &str) {
        for expression in given {
            let Some(word) = self.script.constant(expression) else { continue };
            if word == "GMT" || known.contains(&word.as_str()) {
                continue;
            }
            let upper: String = word.chars().take(3).collect::<String>().to_ascii_uppercase();
            let help = if known.contains(&upper.as_str()) {
                format!("write {upper:?}")
            } else {
                format!("write one of {}", known.join(", "))
            };
            let message = format!("{word:?} is the name of no {what}");
            self.report.add(Rule::NeverMatches, expression.span(), message, help);
        }
    }

    fn dates(&mut self, call: &CallExpression<'a>, given: &[&Expression<'a>]) {
        self.words(given, &MONTHS, "month");
        let gmt = |e: &&&Expression<'a>| self.script.constant(e).as_deref() != Some("GMT");
        let rest: Vec<_> = given.iter().filter(gmt).collect();
        if let [day, month] = rest.as_slice()
            && matches!(day.without_parentheses(), Expression::NumericLiteral(day) if day.value <= 31.0)
            && self.script.constant(month).is_some()
        {
            let text = self.script.slice(call.span).to_owned();
            let day = self.script.slice(day.span()).to_owned();
            let month = self.script.slice(month.span()).to_owned();
            let message = format!("{text} is true on every day");
            let zone = if given.len() > 2 { ", \"GMT\"" } else { "" };
            let help = format!("write dateRange({day}, {month}, {day}, {month}{zone})");
            self.report.add(Rule::DateRangeDayMonth, call.span, message, help);
        }
    }

    fn hours(&mut self, call: &CallExpression<'a>, given: &[&Expression<'a>]) {
        let mut numbers = Vec::new();
        for expression in given {
            match expression.without_parentheses() {
                Expression::NumericLiteral(number) => numbers.push(number.value),
                _ if self.script.constant(expression).as_deref() == Some("GMT") => {}
                _ => return,
            }
        }
        let (from, to) = match numbers.as_slice() {
            [from, to] => (*from, *to),
            _ => return,
        };
        if from > to {
            let message = format!(
                "{} is never true: hours do not go past midnight",
                self.script.slice(call.span)
            );
            let zone = if given.len() > 2 { ", \"GMT\"" } else { "" };
            let help = format!("write (timeRange({from}, 23{zone}) || timeRange(0, {to}{zone}))");
            self.report.add(Rule::TimeWrap, call.span, message, help);
        }
    }
}
