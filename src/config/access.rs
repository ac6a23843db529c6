//! `[access]` and the names of `[destinations]`: from texts to rules.

use std::net::IpAddr;

use hyper::Method;
use ipnet::IpNet;

use super::file::{AccessFile, ConfigError, DestinationsFile};
use crate::access::{HostSet, Rules};
use crate::net::networks::Networks;

/// The rules.
pub(super) fn rules(
    access: AccessFile,
    destinations: &DestinationsFile,
) -> Result<Rules, ConfigError> {
    let mut rules = Rules::default();
    if let Some(list) = access.clients {
        rules.clients = Some(networks("access.clients", &list)?);
    }
    if let Some(list) = access.connect_ports {
        rules.connect_ports = list.into_iter().collect();
    }
    if let Some(list) = access.ports {
        rules.ports = list.into_iter().collect();
    }
    if let Some(list) = access.methods {
        rules.methods = Some(list.iter().map(|text| method(text)).collect::<Result<_, _>>()?);
    }
    let hosts =
        |key, list: &[String]| HostSet::new(list).map_err(|error| ConfigError::value(key, error));
    rules.deny_hosts = hosts("destinations.deny_hosts", &destinations.deny_hosts)?;
    if let Some(list) = &destinations.allow_hosts {
        rules.allow_hosts = Some(hosts("destinations.allow_hosts", list)?);
    }
    Ok(rules)
}

/// A method; methods know upper and lower case apart (RFC 9110, section 9.1), people do not.
fn method(text: &str) -> Result<Method, ConfigError> {
    let method = Method::from_bytes(text.as_bytes()).ok();
    method.filter(|_| !text.bytes().any(|byte| byte.is_ascii_lowercase())).ok_or_else(|| {
        let why = format!("must be methods in capitals like GET, found {text:?}");
        ConfigError::value("access.methods", why)
    })
}

/// Addresses and networks.
pub(super) fn networks(key: &'static str, list: &[String]) -> Result<Networks, ConfigError> {
    let network = |text: &String| {
        let parsed =
            text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        parsed.ok_or_else(|| {
            ConfigError::value(
                key,
                format!("must be addresses or networks like 10.0.0.0/8, found {text:?}"),
            )
        })
    };
    list.iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_cannot_be_meant_are_refused_by_their_key() {
        let refused = |text: &str| {
            let file: super::super::file::MemberFile = toml::from_str(text).unwrap();
            rules(file.access, &file.destinations).unwrap_err().to_string()
        };
        assert_eq!(
            refused("[access]\nmethods = [\"get\"]"),
            "access.methods: must be methods in capitals like GET, found \"get\""
        );
        assert_eq!(
            refused("[access]\nclients = [\"10.0.0.0/33\"]"),
            "access.clients: must be addresses or networks like 10.0.0.0/8, found \"10.0.0.0/33\""
        );
        assert!(
            refused("[destinations]\ndeny_hosts = [\"*.a.example\"]")
                .starts_with("destinations.deny_hosts: ")
        );
        assert!(
            refused("[destinations]\nallow_hosts = [\"127.0.0.1\"]")
                .starts_with("destinations.allow_hosts: ")
        );
    }
}
