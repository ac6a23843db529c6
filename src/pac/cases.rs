//! Test cases of a PAC: a TOML file that says what URLs shall come to.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::PacRoutes;
use super::eval::{Environment, EvalError, Now, Profile, Zone};

/// A file of cases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The PACs that are tested, by their paths from the file's folder.
    #[serde(default)]
    pub pac: OneOrMany<String>,
    /// What holds for cases that do not say otherwise.
    #[serde(default)]
    pub defaults: World,
    /// The cases.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// What a PAC sees of the world; what is not said is as for `pac eval`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Whose ways are followed; each is a test.
    #[serde(default)]
    pub profile: OneOrMany<Profile>,
    /// The client's own addresses.
    #[serde(default)]
    pub my_ip: OneOrMany<IpAddr>,
    /// What names resolve to; all others do not.
    #[serde(default)]
    pub dns: BTreeMap<String, OneOrMany<IpAddr>>,
    /// The time.
    pub now: Option<String>,
    /// The time zone.
    pub tz: Option<String>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows; else the URL.
    pub name: Option<String>,
    /// The URL.
    pub url: String,
    /// The second argument; else the URL's host.
    pub host: Option<String>,
    /// What it shall come to.
    pub expect: Expect,
    #[serde(default)]
    profile: OneOrMany<Profile>,
    #[serde(default)]
    my_ip: OneOrMany<IpAddr>,
    #[serde(default)]
    dns: BTreeMap<String, OneOrMany<IpAddr>>,
    now: Option<String>,
    tz: Option<String>,
}

/// One value, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let one = T::deserialize(serde::de::value::StrDeserializer::new(text))?;
                Ok(OneOrMany(vec![one]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                seq: A,
            ) -> Result<Self::Value, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

/// What a case shall come to, in what the client tries: `proxy a` and `PROXY a:80` are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// This list.
    Exact(String),
    /// One of these lists.
    AnyOf(Vec<String>),
    /// All of these stand in the list: `host:port`, or an element such as `PROXY a:1`.
    Contains(Vec<String>),
    /// This is tried first.
    First(String),
    /// Nothing but DIRECT, or never DIRECT alone.
    Direct(bool),
    /// The script fails.
    Fails,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectTable {
    any_of: Option<Vec<String>>,
    contains: Option<OneOrMany<String>>,
    first: Option<String>,
    direct: Option<bool>,
    fails: Option<bool>,
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Expect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of proxies, or a table with one of any_of, contains, first, direct, fails")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Expect, E> {
                Ok(Expect::Exact(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expect, A::Error> {
                let table = ExpectTable::deserialize(MapAccessDeserializer::new(map))?;
                let ExpectTable { any_of, contains, first, direct, fails } = table;
                let fails = match fails {
                    Some(false) => return Err(A::Error::custom("fails can only be true")),
                    other => other,
                };
                let mut found = any_of
                    .map(Expect::AnyOf)
                    .into_iter()
                    .chain(contains.map(|OneOrMany(all)| Expect::Contains(all)))
                    .chain(first.map(Expect::First))
                    .chain(direct.map(Expect::Direct))
                    .chain(fails.map(|_| Expect::Fails));
                match (found.next(), found.next()) {
                    (Some(expect), None) => Ok(expect),
                    _ => Err(A::Error::custom(
                        "expect must have exactly one of any_of, contains, first, direct, fails",
                    )),
                }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(list) => f.write_str(list),
            Self::AnyOf(lists) => write!(f, "any of [{}]", lists.join("] [")),
            Self::Contains(all) => write!(f, "a list with {}", all.join(" and ")),
            Self::First(first) => write!(f, "{first} first"),
            Self::Direct(true) => f.write_str("DIRECT alone"),
            Self::Direct(false) => f.write_str("a proxy"),
            Self::Fails => f.write_str("a failure of the script"),
        }
    }
}

/// Why a file of cases cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It is not TOML, or has other keys.
    #[error("{0}")]
    Toml(String),
    /// An expectation that no answer can meet.
    #[error(
        "case {case:?}: expect must be a list such as \"PROXY a:3128; DIRECT\", found {found:?}"
    )]
    Expect {
        /// The case.
        case: String,
        /// What is no route.
        found: String,
    },
    /// A time or zone that is none.
    #[error("case {case:?}: {why}")]
    World {
        /// The case.
        case: String,
        /// What is wrong.
        why: String,
    },
}

impl Suite {
    /// Reads a file.
    ///
    /// # Errors
    /// Line, column and what was expected there.
    pub fn read(text: &str) -> Result<Self, CaseError> {
        let suite: Self = toml::from_str(text)
            .map_err(|error| CaseError::Toml(error.to_string().trim_end().to_owned()))?;
        for case in &suite.cases {
            let wrong = |found| CaseError::Expect { case: case.title().to_owned(), found };
            case.expect.check().map_err(wrong)?;
        }
        Ok(suite)
    }
}

impl Case {
    /// Its name, or URL.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.url)
    }

    /// What the PAC sees, for each profile.
    ///
    /// # Errors
    /// A time or zone that is none.
    pub fn environments(&self, defaults: &World) -> Result<Vec<Environment>, CaseError> {
        let wrong = |why: String| CaseError::World { case: self.title().to_owned(), why };
        let zone_name = self.tz.as_ref().or(defaults.tz.as_ref());
        let zone =
            Zone::of(zone_name.map(String::as_str)).map_err(|error| wrong(error.to_string()))?;
        let now = match self.now.as_ref().or(defaults.now.as_ref()) {
            Some(text) => {
                let now: Now = text
                    .parse()
                    .map_err(|error: super::eval::ClockError| wrong(error.to_string()))?;
                Some(now.in_zone(&zone).map_err(|error| wrong(error.to_string()))?)
            }
            None => None,
        };
        let pick = |mine: &OneOrMany<Profile>| (!mine.0.is_empty()).then(|| mine.0.clone());
        let profiles = pick(&self.profile)
            .or_else(|| pick(&defaults.profile))
            .unwrap_or_else(|| vec![Profile::default()]);
        let my_ip = if self.my_ip.0.is_empty() { &defaults.my_ip } else { &self.my_ip };
        let mut environment = Environment {
            my_ip: my_ip.0.clone(),
            now,
            zone: zone_name.cloned(),
            ..Environment::default()
        };
        for (name, OneOrMany(addresses)) in defaults.dns.iter().chain(&self.dns) {
            environment.names.table.insert(name.to_ascii_lowercase(), addresses.clone());
        }
        let with = |profile| Environment { profile, ..environment.clone() };
        Ok(profiles.into_iter().map(with).collect())
    }
}

impl Expect {
    /// What of it no client understands.
    fn check(&self) -> Result<(), String> {
        let element = |text: &str| {
            let text = text.trim();
            // An answer is told in a normal form, which not each client reads.
            let known = |profile: Profile| {
                let reading = profile.read(text);
                reading.dropped.is_empty() || reading.routes == [text]
            };
            let normal = text.parse::<PacRoutes>().is_ok();
            let understood = !text.is_empty() && (normal || Profile::ALL.into_iter().any(known));
            if understood { Ok(()) } else { Err(text.to_owned()) }
        };
        let list = |text: &String| {
            // Between two semicolons there may be nothing.
            let mut elements = text.split(';').filter(|part| !part.trim().is_empty());
            let count = elements.clone().count();
            if count == 0 { Err(text.clone()) } else { elements.try_for_each(element) }
        };
        let host = |text: &String| {
            let authority = format!("PROXY {text}").parse::<PacRoutes>().is_ok();
            if authority { Ok(()) } else { element(text) }
        };
        let some = |all: &Vec<String>| if all.is_empty() { Err("[]".to_owned()) } else { Ok(()) };
        match self {
            Self::Exact(text) => list(text),
            Self::AnyOf(all) => some(all).and_then(|()| all.iter().try_for_each(list)),
            Self::Contains(all) => some(all).and_then(|()| all.iter().try_for_each(host)),
            Self::First(text) => host(text),
            Self::Direct(_) | Self::Fails => Ok(()),
        }
    }

    /// Whether an answer is what was expected; else what was found.
    ///
    /// # Errors
    /// What the client tries, or how the script failed.
    pub fn judge(
        &self,
        answer: &Result<String, EvalError>,
        profile: Profile,
    ) -> Result<(), String> {
        let answer = match (answer, self) {
            (Ok(answer), _) => answer,
            (Err(EvalError::NotAsked(url)), _) => return Err(format!("no answer for {url}")),
            (Err(error), Self::Fails) if error.is_the_scripts() => return Ok(()),
            (Err(error), _) => return Err(error.to_string()),
        };
        let routes = |text: &str| profile.read(text).routes;
        let found = routes(answer);
        let is = |route: &String, wanted: &str| {
            let (_, host) = route.split_once(' ').unwrap_or_default();
            // What the client does not understand is read as DIRECT, and was not meant.
            let reading = profile.read(wanted);
            host == wanted || reading.dropped.is_empty() && reading.routes.first() == Some(route)
        };
        let as_expected = match self {
            Self::Exact(list) => found == routes(list.trim()),
            Self::AnyOf(lists) => lists.iter().any(|list| found == routes(list.trim())),
            Self::Contains(all) => {
                all.iter().all(|wanted| found.iter().any(|route| is(route, wanted)))
            }
            Self::First(wanted) => found.first().is_some_and(|route| is(route, wanted)),
            Self::Direct(wanted) => (found == ["DIRECT"]) == *wanted,
            Self::Fails => false,
        };
        if as_expected { Ok(()) } else { Err(found.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(text: &str) -> Result<Expect, CaseError> {
        let text = format!("[[case]]\nurl = 'http://a/'\nexpect = {text}\n");
        Suite::read(&text).map(|mut suite| suite.cases.remove(0).expect)
    }

    #[test]
    fn an_expectation_is_a_list_or_one_of_five_tables() {
        assert_eq!(expect("'DIRECT'").unwrap(), Expect::Exact("DIRECT".to_owned()));
        assert_eq!(
            expect("{ contains = 'a:1' }").unwrap(),
            Expect::Contains(vec!["a:1".to_owned()])
        );
        assert_eq!(expect("{ direct = false }").unwrap(), Expect::Direct(false));
        for wrong in
            ["{}", "{ direct = true, fails = true }", "{ fails = false }", "{ other = 1 }", "1"]
        {
            let CaseError::Toml(error) = expect(wrong).unwrap_err() else { panic!("{wrong}") };
            assert!(error.contains("line 3") && error.contains("expect"), "{wrong}: {error}");
        }
    }

    #[test]
    fn an_expectation_that_no_answer_can_meet_is_refused() {
        for wrong in [
            "'PROXI a:1'",
            "'PROXY p:80800'",
            "''",
            "{ any_of = [] }",
            "{ any_of = ['DIRECT', 'x'] }",
            "{ contains = [] }",
            "{ first = 'nonsense' }",
        ] {
            assert!(matches!(expect(wrong), Err(CaseError::Expect { .. })), "{wrong}");
        }
        for right in [
            "'proxy a; direct;'",
            "'SOCKS4 s:1080; HTTP a:1'",
            "{ first = 'a:1' }",
            "{ contains = 'DIRECT' }",
        ] {
            assert!(expect(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn answers_are_compared_as_the_client_reads_them() {
        let holds = |expect: Expect, answer: &str| {
            expect.judge(&Ok(answer.to_owned()), Profile::Chrome).is_ok()
        };
        let text = |text: &str| text.to_owned();
        assert!(holds(Expect::Exact(text("PROXY a:80; DIRECT")), "proxy a;direct"));
        assert!(!holds(Expect::Exact(text("PROXY a:80; DIRECT")), "DIRECT; PROXY a"));
        assert!(holds(Expect::AnyOf(vec![text("DIRECT"), text("PROXY a")]), "PROXY a:80"));
        assert!(holds(
            Expect::Contains(vec![text("b:2"), text("PROXY a:1")]),
            "PROXY a:1; HTTPS b:2"
        ));
        assert!(!holds(Expect::Contains(vec![text("HTTPS a:1")]), "PROXY a:1"));
        assert!(holds(Expect::First(text("a:1")), "PROXY a:1; DIRECT"));
        assert!(!holds(Expect::First(text("DIRECT")), "PROXY a:1; DIRECT"));
        assert!(
            holds(Expect::Direct(true), "HTTP a:1")
                && holds(Expect::Direct(false), "DIRECT; PROXY a")
        );
        assert!(!holds(Expect::Fails, "DIRECT"));
        assert!(Expect::Fails.judge(&Err(EvalError::NoEntryPoint), Profile::Chrome).is_ok());
        assert!(
            Expect::Fails.judge(&Err(EvalError::NotAsked(text("x"))), Profile::Chrome).is_err()
        );
    }

    #[test]
    fn a_case_goes_before_the_defaults() {
        let suite = Suite::read(
            "[defaults]\nprofile = ['chrome', 'firefox']\nmy_ip = '10.0.0.1'\ntz = 'UTC'\n[defaults.dns]\n'A.test' = '192.0.2.1'\n\
             [[case]]\nurl = 'http://a/'\nmy_ip = ['10.0.0.2']\nnow = '1970-01-01T00:00:01'\ndns = { 'b.test' = ['192.0.2.2'] }\nexpect = 'DIRECT'\n",
        )
        .unwrap();
        let all = suite.cases[0].environments(&suite.defaults).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].profile, Profile::Firefox);
        assert_eq!(all[0].my_ip, ["10.0.0.2".parse::<IpAddr>().unwrap()]);
        assert_eq!((all[0].now, all[0].names.table.len()), (Some(1000), 2));
        assert!(all[0].names.table.contains_key("a.test"));
    }
}
