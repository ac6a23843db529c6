//! What a PAC sees of the world: addresses, names, the clock. Nothing is asked of any network, unless DNS is
//! allowed to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::profile::Profile;

/// The world of one evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Whose ways are followed.
    pub profile: Profile,
    /// The client's own addresses; none: 127.0.0.1.
    pub my_ip: Vec<IpAddr>,
    /// What names resolve to.
    pub names: Names,
    /// The time, in milliseconds since 1970-01-01T00:00Z; `None`: the clock of this machine.
    pub now: Option<i64>,
    /// The time zone's name; `None`: that of this machine.
    pub zone: Option<String>,
}

/// What names resolve to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Names in lower case, and their addresses.
    pub table: HashMap<String, Vec<IpAddr>>,
    /// Whether DNS is asked for the others; else they do not resolve.
    pub system: bool,
}

impl Names {
    fn look_up(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(literal) = host.parse() {
            return vec![literal];
        }
        let host = host.to_ascii_lowercase();
        match self.table.get(&host) {
            Some(addresses) => addresses.clone(),
            None if self.system => {
                let found = (host.as_str(), 0).to_socket_addrs();
                found.map_or_else(|_| Vec::new(), |found| found.map(|found| found.ip()).collect())
            }
            None => Vec::new(),
        }
    }
}

/// A value that a native function takes or gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Undefined,
    Null,
    Bool(bool),
    Text(String),
    /// Anything else: its type or text, for people.
    Other(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Text(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// The functions that are not JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Alert,
    DnsResolve,
    DnsResolveEx,
    GetClientVersion,
    IsInNetEx,
    IsPlainHostName,
    MyIpAddress,
    MyIpAddressEx,
    SortIpAddressList,
}

impl Native {
    pub(super) const ALL: [Self; 9] = [
        Self::Alert,
        Self::DnsResolve,
        Self::DnsResolveEx,
        Self::GetClientVersion,
        Self::IsInNetEx,
        Self::IsPlainHostName,
        Self::MyIpAddress,
        Self::MyIpAddressEx,
        Self::SortIpAddressList,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::DnsResolve => "dnsResolve",
            Self::DnsResolveEx => "dnsResolveEx",
            Self::GetClientVersion => "getClientVersion",
            Self::IsInNetEx => "isInNetEx",
            Self::IsPlainHostName => "isPlainHostName",
            Self::MyIpAddress => "myIpAddress",
            Self::MyIpAddressEx => "myIpAddressEx",
            Self::SortIpAddressList => "sortIpAddressList",
        }
    }

    /// Whether this client has it.
    pub(super) fn is_in(self, profile: Profile) -> bool {
        match self {
            Self::Alert | Self::DnsResolve | Self::MyIpAddress => true,
            Self::DnsResolveEx
            | Self::IsInNetEx
            | Self::MyIpAddressEx
            | Self::SortIpAddressList => profile.has_ex(),
            Self::IsPlainHostName => profile != Profile::Firefox,
            Self::GetClientVersion => profile == Profile::Wininet,
        }
    }
}

/// Answers the native functions of one evaluation, and notes what was asked.
#[derive(Debug, Default)]
pub(super) struct Host {
    environment: Environment,
    notes: RefCell<Notes>,
}

/// What a script said and asked beside its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// What it passed to `alert`.
    pub alerts: Vec<String>,
    /// Names that it looked up, each once, in order.
    pub lookups: Vec<String>,
    /// Numbers of points that an instrumented script has reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<usize>,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Characters of an alert, bytes of a name, and how many of each of a call, that are kept at most.
const LONGEST_ALERT: usize = 4096;
const LONGEST_NAME: usize = 255;
const MOST_NOTES: usize = 1000;

impl Host {
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment, notes: RefCell::default() }
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What was noted since the last time.
    pub(super) fn take_notes(&self) -> Notes {
        self.notes.take()
    }

    /// Answers a call; an error is the text of a `TypeError`.
    pub(super) fn call(&self, native: Native, arguments: &[Value]) -> Result<Value, String> {
        let first = arguments.first();
        let text = match first {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        Ok(match native {
            Native::Alert => return self.alert(first),
            Native::GetClientVersion => Value::Text("1.0".to_owned()),
            Native::IsPlainHostName => match text {
                Some(host) => Value::Bool(!host.contains('.') && host.parse::<IpAddr>().is_err()),
                None => return Err("Requires 1 string parameter".to_owned()),
            },
            Native::DnsResolve => {
                // Firefox takes the first address, whatever it is.
                let any = self.environment.profile == Profile::Firefox;
                let fits = |ip: &IpAddr| any || ip.is_ipv4();
                let found = text.and_then(|host| self.look_up(host).into_iter().find(fits));
                found.map_or(Value::Null, |ip| Value::Text(ip.to_string()))
            }
            Native::DnsResolveEx => {
                Value::Text(text.map_or_else(String::new, |host| list(&self.look_up(host))))
            }
            Native::MyIpAddress => {
                let mine = &self.environment.my_ip;
                let first = mine.iter().find(|ip| ip.is_ipv4()).or_else(|| mine.first());
                Value::Text(first.unwrap_or(&LOCALHOST).to_string())
            }
            Native::MyIpAddressEx => match self.environment.my_ip.as_slice() {
                [] => Value::Text(list(&[LOCALHOST])),
                mine => Value::Text(list(mine)),
            },
            Native::SortIpAddressList => match text {
                Some(list) => sort(list).map_or(Value::Bool(false), Value::Text),
                None => Value::Null,
            },
            Native::IsInNetEx => match arguments {
                [Value::Text(ip), Value::Text(net), ..] => Value::Bool(is_in_net(ip, net)),
                _ => Value::Null,
            },
        })
    }

    fn alert(&self, first: Option<&Value>) -> Result<Value, String> {
        let text = match first {
            None if self.environment.profile == Profile::Firefox => {
                return Err("alert: 1 argument required, but only 0 passed".to_owned());
            }
            None => Value::Undefined.to_string(),
            Some(value) => value.to_string(),
        };
        let mut notes = self.notes.borrow_mut();
        if notes.alerts.len() < MOST_NOTES {
            notes.alerts.push(text.chars().take(LONGEST_ALERT).collect());
        }
        Ok(Value::Undefined)
    }

    fn look_up(&self, host: &str) -> Vec<IpAddr> {
        let mut notes = self.notes.borrow_mut();
        let literal = host.parse::<IpAddr>().is_ok();
        if !literal
            && host.len() <= LONGEST_NAME
            && notes.lookups.len() < MOST_NOTES
            && !notes.lookups.iter().any(|name| name == host)
        {
            notes.lookups.push(host.to_owned());
        }
        drop(notes);
        self.environment.names.look_up(host)
    }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// The addresses of a list in order, IPv6 first, as they are written; `None` if one is no address, or there
/// is none.
fn sort(list: &str) -> Option<String> {
    let bare: String = list.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let parts = bare.split(';').filter(|part| !part.is_empty());
    let parsed = parts.map(|text| text.parse::<IpAddr>().map(|ip| (ip.is_ipv4(), ip, text)));
    let mut rows = parsed.collect::<Result<Vec<_>, _>>().ok()?;
    rows.sort_by_key(|(is_ipv4, ip, _)| (*is_ipv4, *ip));
    let sorted: Vec<&str> = rows.into_iter().map(|(_, _, text)| text).collect();
    (!sorted.is_empty()).then(|| sorted.join(";"))
}

/// Whether an address is in a network; IPv4 stands for its mapping into IPv6 where the two differ.
fn is_in_net(ip: &str, net: &str) -> bool {
    let (Ok(ip), Ok(net)) = (ip.parse::<IpAddr>(), net.parse::<IpNet>()) else { return false };
    match (ip, net) {
        (IpAddr::V4(ip), IpNet::V6(net)) => net.contains(&ip.to_ipv6_mapped()),
        (IpAddr::V6(ip), IpNet::V4(net)) => ip.to_ipv4_mapped().is_some_and(|ip| net.contains(&ip)),
        (ip, net) => net.contains(&ip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        let mut names = Names::default();
        let addresses = vec!["2001:db8::7".parse().unwrap(), "192.0.2.7".parse().unwrap()];
        names.table.insert("a.test".to_owned(), addresses);
        names.table.insert("six.test".to_owned(), vec!["2001:db8::6".parse().unwrap()]);
        Host::new(Environment { names, ..Environment::default() })
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn names_resolve_to_what_the_table_says_and_to_nothing_else() {
        let host = host();
        let ask = |native, name: &str| host.call(native, &[text(name)]).unwrap();
        assert_eq!(ask(Native::DnsResolve, "A.test"), text("192.0.2.7"));
        assert_eq!(ask(Native::DnsResolveEx, "a.test"), text("2001:db8::7;192.0.2.7"));
        assert_eq!(ask(Native::DnsResolve, "six.test"), Value::Null);
        assert_eq!(ask(Native::DnsResolve, "localhost"), Value::Null);
        assert_eq!(ask(Native::DnsResolveEx, "localhost"), text(""));
        assert_eq!(ask(Native::DnsResolve, "192.0.2.1"), text("192.0.2.1"));
        assert_eq!(host.call(Native::DnsResolve, &[Value::Null]), Ok(Value::Null));
        assert_eq!(host.take_notes().lookups, ["A.test", "a.test", "six.test", "localhost"]);
    }

    #[test]
    fn plain_names_are_those_of_chrome() {
        let plain = |name: &str| host().call(Native::IsPlainHostName, &[text(name)]).unwrap();
        for name in ["www", "foopy::1", "foo:112", "[::1]", ""] {
            assert_eq!(plain(name), Value::Bool(true), "{name}");
        }
        for name in ["a.b", "::1", "1.2.3.4"] {
            assert_eq!(plain(name), Value::Bool(false), "{name}");
        }
        assert!(host().call(Native::IsPlainHostName, &[]).is_err());
    }

    #[test]
    fn lists_of_addresses_are_sorted_ipv6_first() {
        let sorted = |list: &str| host().call(Native::SortIpAddressList, &[text(list)]).unwrap();
        assert_eq!(sorted("10.2.3.9; ::9;10.2.3.10;::1"), text("::1;::9;10.2.3.9;10.2.3.10"));
        assert_eq!(sorted(";0::1; ::1;0:0::1;"), text("0::1;::1;0:0::1"));
        assert_eq!(sorted(" ;"), Value::Bool(false));
        assert_eq!(host().call(Native::SortIpAddressList, &[Value::Null]), Ok(Value::Null));
        assert_eq!(sorted("a"), Value::Bool(false));
    }

    #[test]
    fn networks_have_a_prefix_length() {
        let is_in = |ip: &str, net: &str| {
            host().call(Native::IsInNetEx, &[text(ip), text(net)]).unwrap() == Value::Bool(true)
        };
        assert!(is_in("198.95.249.79", "198.95.0.0/16") && is_in("2001:db8::1", "2001:db8::/32"));
        assert!(!is_in("198.95.249.79", "198.95.249.79") && !is_in("::1", "0.0.0.0/0"));
        assert!(!is_in("a.test", "192.0.2.0/24"), "names are not resolved");
        assert!(is_in("::ffff:192.0.2.5", "192.0.0.0/16") && is_in("127.0.0.1", "::7f00:1/16"));
        assert!(!is_in("::fffe:192.0.2.5", "192.0.0.0/16") && !is_in("192.0.2.5", "fe80::/32"));
    }
}
