//! The rules, their names and their weight.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works, and could be better.
    Note,
    /// Some clients answer otherwise, or it is probably not what was meant.
    Warning,
    /// Fails, or never does what it says.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule must be one of those that `parray pac check --rules` lists, found {0:?}")]
pub struct RuleError(String);

macro_rules! rules {
    ($($rule:ident $name:literal $severity:ident $why:literal;)*) => {
        /// What is looked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Rule {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $rule,
            )*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            /// Its name in reports and in `--allow`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity,)* }
            }

            /// Why it is a rule.
            pub fn why(self) -> &'static str {
                match self { $(Self::$rule => $why,)* }
            }
        }
    };
}

rules! {
    Syntax "syntax" Error "A file that does not parse sends every client direct, without a word.";
    DoesNotLoad "does-not-load" Error "A script that fails while it is loaded answers nothing.";
    NoEntryPoint "no-entry-point" Error "Clients call FindProxyForURL(url, host), and nothing else.";
    MayReturnUndefined "may-return-undefined" Error "An answer that is no string is a failure of the script.";
    BadResult "bad-result" Error "Clients leave out elements that they do not understand, and go direct if nothing is left.";
    ClientResult "client-result" Warning "Types of proxies that only some clients know are left out by the others.";
    AfterDirect "after-direct" Warning "DIRECT does not fail in a way that makes a client try what follows it.";
    DefaultPort "default-port" Note "Without a port a client takes 80, 443 or 1080, by the type.";
    ShexpRegexp "shexp-regexp" Warning "shExpMatch knows * and ?; most clients make a regular expression of the pattern, in which other characters have a meaning, or fail.";
    LooseUrl "loose-url" Note "A pattern for a host that is compared with the URL matches paths and queries, too.";
    UndottedDomain "undotted-domain" Warning "dnsDomainIs compares ends of strings: example.com is the end of notexample.com, too.";
    Netmask "netmask" Error "isInNet takes an address and a mask such as 255.255.0.0; with a prefix length it never matches, or always, by the client.";
    NeverMatches "never-matches" Error "A test that no URL can pass is not what was meant.";
    HostCase "host-case" Error "Clients pass hosts in lower case.";
    HttpsPath "https-path" Warning "Of https: and wss: URLs Chrome and Firefox pass no path; Firefox passes none of http: either.";
    DateRangeDayMonth "date-range" Warning "dateRange with a day and a month is true all year in browsers.";
    TimeWrap "time-wrap" Warning "Ranges of hours do not go past midnight in browsers.";
    Arguments "arguments" Warning "A helper that gets other arguments than it takes answers something, or fails.";
    DnsOrder "dns-order" Warning "A lookup stops the browser until DNS answers; tests of strings cost nothing.";
    DnsCount "dns-count" Warning "After 20 names Chrome evaluates a script anew in a slower way.";
    MyIp "my-ip" Note "A machine has many addresses; which one myIpAddress gives differs between clients, and with VPNs and IPv6.";
    Random "random" Warning "Chrome evaluates a script several times for one answer, and caches are spoilt by dice.";
    GlobalState "global-state" Warning "Chrome may run a script in several places and several times for one answer: what a call remembers is lost or seen twice.";
    NewSyntax "new-syntax" Warning "WinINET and WinHTTP run JScript, which knows the syntax of 1999 (ES3); such a file does not even parse there.";
    NewBuiltin "new-builtin" Warning "WinINET and WinHTTP run JScript, which has the functions of 1999 (ES3).";
    ForeignName "foreign-name" Error "A PAC is no page: it has no window, console, timers or network.";
    UndefinedName "undefined-name" Error "A name that is defined nowhere throws when it is reached.";
    ExUnguarded "ex-unguarded" Warning "Firefox has no functions for IPv6: calling one throws.";
    AlertUnguarded "alert" Note "What alert shows is seen by nobody, and some clients have no alert.";
    Redefined "redefined" Warning "Of two functions with one name the last counts; one with a helper's name takes its place in some clients.";
    Eval "eval" Warning "Text that is made into code cannot be checked, and some clients forbid it.";
    AssignmentInCondition "assignment-in-condition" Error "= sets a variable; == compares.";
    Unreachable "unreachable" Warning "What is never reached is not what was meant.";
    LongCondition "long-condition" Note "Hundreds of terms in one condition are slow, and some hosters of PACs advise against more than 100.";
    NonAscii "non-ascii" Warning "Chrome reads a PAC without a charset as ISO-8859-1, Firefox as UTF-8.";
    NonAsciiComment "non-ascii-comment" Note "Comments are read by people, whose editors may not agree on the charset either.";
    ByteOrderMark "byte-order-mark" Note "Some clients take a byte order mark for a part of the script.";
    Large "large" Warning "Some hosters of PACs take no more than 256 KB, and every client loads all of it.";
    TooLarge "too-large" Error "Chrome and Windows read no PAC of more than 1 MiB.";
    Credentials "credentials" Error "Everybody on the network can read a PAC.";
    NotAnalysed "not-analysed" Note "An interpreter runs this script, and the parser of the checks does not read it.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let found = Self::ALL.iter().find(|rule| rule.name() == text);
        found.copied().ok_or_else(|| RuleError(text.chars().take(80).collect()))
    }
}
