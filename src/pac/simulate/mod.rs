//! What users see when a member dies or a table changes: clients that keep a PAC and remember what failed,
//! second by second. The same scenario gives the same curves.

mod client;
mod svg;

use std::collections::HashMap;

use serde::Serialize;

use super::draw::Draw;
use crate::route::Router;

pub use client::Kind;
pub use svg::{right, svg};

use client::{Landing, Memory, Way};

/// What happens, from the start of the simulation on.
#[derive(Debug)]
pub struct Scenario<'r> {
    /// The table before.
    pub before: &'r Router,
    /// The table from the start on.
    pub after: &'r Router,
    /// Members that do not answer: name, and from and until how many seconds after the start.
    pub down: Vec<(String, u64, u64)>,
    /// Seconds that are looked at.
    pub seconds: u64,
    /// Clients of each kind.
    pub clients: usize,
    /// Seconds between two requests of a client.
    pub every: u64,
    /// Seconds after which a client is started anew.
    pub restart: u64,
    /// Whether lists end with `DIRECT`.
    pub direct: bool,
    /// Members that a list has at most.
    pub failover: usize,
    /// Percent of URLs that are https.
    pub https: u64,
    /// The same number draws the same clients and URLs.
    pub seed: u64,
}

/// Requests of one kind of client in one stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many.
    pub requests: u64,
    /// Came to the member that owns the URL by the table of that time, or that is next while that one is down.
    pub right: u64,
    /// Came to another member, which has to pass them on.
    pub other: u64,
    /// Went direct.
    pub direct: u64,
    /// Came to nobody.
    pub failed: u64,
    /// Were held up by a member that did not answer, wherever they came to.
    pub held_up: u64,
}

/// What happened to the clients of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    /// The kind.
    pub kind: Kind,
    /// Stretches of the same length, the first from the start on.
    pub shares: Vec<Share>,
}

impl Share {
    fn add(&mut self, landing: Landing, right: Way) {
        self.requests += 1;
        self.held_up += u64::from(landing.failed > 0);
        match landing.way {
            None => self.failed += 1,
            Some(way) if way == right && way.is_some() => self.right += 1,
            Some(None) => self.direct += 1,
            Some(Some(_)) => self.other += 1,
        }
    }

    /// All of these together.
    pub fn sum(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |sum, it| Self {
            requests: sum.requests + it.requests,
            right: sum.right + it.right,
            other: sum.other + it.other,
            direct: sum.direct + it.direct,
            failed: sum.failed + it.failed,
            held_up: sum.held_up + it.held_up,
        })
    }
}

/// Stretches of time in a curve.
pub const STRETCHES: u64 = 60;

/// Seconds before the start, in which clients fill what they remember.
const WARM_UP: u64 = 30 * 60;

/// Seconds after which Chrome reads a PAC again.
const CHROME_RELOAD: u64 = 12 * 60 * 60;

/// URLs, and hosts that they are of.
const URLS: u64 = 2000;
const HOSTS: u64 = 200;

/// Lets all kinds of clients live through a scenario.
pub fn simulate(scenario: &Scenario<'_>) -> Vec<Curve> {
    let world = World::new(scenario);
    let curve = |kind| Curve { kind, shares: live(kind, scenario, &world) };
    Kind::ALL.into_iter().map(curve).collect()
}

/// What all clients have in common.
struct World {
    urls: Vec<Page>,
    /// Ends of the URLs' shares of a million requests.
    popularity: Vec<u64>,
    /// By member: when it is down, in seconds from the beginning of the warm-up.
    down: Vec<Vec<(u64, u64)>>,
}

/// A URL, with the lists of both tables: for its own text, and cut at the path.
struct Page {
    host: u64,
    whole: [Vec<Way>; 2],
    cut: [Vec<Way>; 2],
}

impl World {
    fn new(scenario: &Scenario<'_>) -> Self {
        let routers = [scenario.before, scenario.after];
        let mut names: Vec<String> = routers
            .iter()
            .flat_map(|router| router.table().members())
            .map(|member| member.name.as_str().to_owned())
            .collect();
        names.sort();
        names.dedup();
        let place: HashMap<&str, usize> =
            names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let mut draw = Draw(scenario.seed);
        let list = |router: &Router, url: &str| -> Vec<Way> {
            let ranking = router.ranking(&router.key(url));
            let on = router.table().header().array_enabled;
            let members = ranking.iter().filter(|_| on).take(scenario.failover);
            let ways = members.map(|it| place.get(it.member.name.as_str()).copied());
            ways.chain(scenario.direct.then_some(None)).collect()
        };
        let urls = (0..URLS)
            .map(|number| {
                let host = draw.next() % HOSTS;
                let scheme = if draw.next() % 100 < scenario.https { "https" } else { "http" };
                let cut = format!("{scheme}://www{host}.example.com/");
                let whole = format!("{cut}page/{number}");
                Page {
                    host,
                    whole: routers.map(|router| list(router, &whole)),
                    cut: routers.map(|router| list(router, &cut)),
                }
            })
            .collect();
        let down = names
            .iter()
            .map(|name| {
                let mine = scenario.down.iter().filter(|(down, ..)| down == name);
                mine.map(|(_, from, until)| (from + WARM_UP, until.saturating_add(WARM_UP)))
                    .collect()
            })
            .collect();
        Self { urls, popularity: zipf(), down }
    }

    fn is_up(&self, member: usize, now: u64) -> bool {
        let down = self.down.get(member).map_or(&[][..], Vec::as_slice);
        !down.iter().any(|(from, until)| (*from..*until).contains(&now))
    }

    fn page(&self, draw: u64) -> Option<&Page> {
        let end = self.popularity.last().copied().unwrap_or(1).max(1);
        self.urls.get(self.popularity.partition_point(|share| *share <= draw % end))
    }
}

/// Sums of 1/rank, in millionths.
fn zipf() -> Vec<u64> {
    let shares = (1..=URLS).scan(0, |sum, rank| {
        *sum += 1_000_000 / rank;
        Some(*sum)
    });
    shares.collect()
}

/// One client: when it does something, and what it remembers.
struct Client {
    memory: Memory,
    /// Second of its first request.
    phase: u64,
    reload: u64,
    restart: u64,
    /// 0: the table before; 1: the one after.
    table: usize,
    /// Lists by host.
    answers: HashMap<u64, Vec<Way>>,
}

fn live(kind: Kind, scenario: &Scenario<'_>, world: &World) -> Vec<Share> {
    let mut draw = Draw(scenario.seed ^ 0x5eed);
    let every = scenario.every.max(1);
    let restart = scenario.restart.max(1);
    let mut clients: Vec<Client> = (0..scenario.clients)
        .map(|_| Client {
            memory: Memory::new(kind),
            phase: draw.next() % every,
            reload: draw.next() % CHROME_RELOAD,
            restart: draw.next() % restart,
            table: 0,
            answers: HashMap::new(),
        })
        .collect();
    let mut shares = vec![Share::default(); usize::try_from(STRETCHES).unwrap_or(60)];
    let end = WARM_UP + scenario.seconds;
    for client in &mut clients {
        let mut now = client.phase;
        while now < end {
            client.keep_up(kind, now, restart);
            let Some(page) = world.page(draw.next()) else { return shares };
            let landing = client.request(kind, page, now, |member| world.is_up(member, now));
            if let Some(after) = now.checked_sub(WARM_UP) {
                let at = after * STRETCHES / scenario.seconds.max(1);
                if let Some(share) = usize::try_from(at).ok().and_then(|at| shares.get_mut(at)) {
                    share.add(landing, owner_of(page, world, now));
                }
            }
            now += every;
        }
    }
    shares
}

/// The member that should be asked: the first of today's list that is up.
fn owner_of(page: &Page, world: &World, now: u64) -> Way {
    let [_, after] = &page.whole;
    after.iter().copied().find(|way| way.is_none_or(|member| world.is_up(member, now))).flatten()
}

impl Client {
    /// Starts anew and reads its PAC again, if it is time.
    fn keep_up(&mut self, kind: Kind, now: u64, restart: u64) {
        let today = usize::from(now >= WARM_UP);
        while self.restart <= now {
            self.restart += restart;
            self.memory = Memory::new(kind);
            self.answers.clear();
            self.table = today;
        }
        while self.reload <= now {
            self.reload += CHROME_RELOAD;
            if kind == Kind::Chrome {
                self.table = today;
            }
        }
    }

    fn request(
        &mut self,
        kind: Kind,
        page: &Page,
        now: u64,
        up: impl Fn(usize) -> bool,
    ) -> Landing {
        let lists = if kind.passes_path() { &page.whole } else { &page.cut };
        let fresh = lists.get(self.table).map_or(&[][..], Vec::as_slice);
        if kind.keeps_by_host() {
            let list = self.answers.entry(page.host).or_insert_with(|| fresh.to_vec());
            return self.memory.try_list(list, now, up);
        }
        self.memory.try_list(fresh, now, up)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn router(members: usize) -> Router {
        let rows: Vec<String> = (1..=members).map(|i| format!("p{i}.test,3128,1")).collect();
        let text = format!("name,port,load_factor\n{}\n", rows.join("\n"));
        let members = pat::read_csv(&text).unwrap();
        let mut header = pat::Header::new("sim".parse().unwrap());
        header.hash = pat::HashName::HrwSip13;
        header.array_enabled = true;
        Router::new(Arc::new(pat::Table::new(header, members).unwrap()))
    }

    fn scenario<'r>(before: &'r Router, after: &'r Router) -> Scenario<'r> {
        Scenario {
            before,
            after,
            down: Vec::new(),
            seconds: 3600,
            clients: 20,
            every: 10,
            restart: 24 * 3600,
            direct: true,
            failover: usize::MAX,
            https: 100,
            seed: 1,
        }
    }

    fn total(scenario: &Scenario<'_>, kind: Kind) -> Share {
        let curves = simulate(scenario);
        Share::sum(&curves.iter().find(|curve| curve.kind == kind).unwrap().shares)
    }

    #[test]
    fn where_nothing_happens_every_request_of_https_comes_to_its_owner() {
        let table = router(4);
        for kind in Kind::ALL {
            let share = total(&scenario(&table, &table), kind);
            assert_eq!((share.right, share.held_up), (share.requests, 0), "{kind:?}");
            assert_eq!(share.requests, 20 * 360);
        }
    }

    #[test]
    fn of_http_firefox_and_wininet_know_the_host_only() {
        let table = router(4);
        let http = Scenario { https: 0, ..scenario(&table, &table) };
        let of = |kind| total(&http, kind);
        assert_eq!(of(Kind::Chrome).right, of(Kind::Chrome).requests);
        for kind in [Kind::Firefox, Kind::Wininet] {
            let Share { right, other, requests, .. } = of(kind);
            assert!(
                right < requests * 9 / 10 && right + other == requests,
                "{kind:?} {right} {requests}"
            );
        }
    }

    #[test]
    fn a_dead_member_holds_up_chrome_once_in_five_minutes_and_fails_winhttp_always() {
        let table = router(4);
        let dead =
            || Scenario { down: vec![("p1.test".to_owned(), 0, 3600)], ..scenario(&table, &table) };
        let chrome = total(&dead(), Kind::Chrome);
        assert!(chrome.failed == 0 && chrome.right == chrome.requests);
        assert!((12 * 20 - 20..=12 * 20).contains(&chrome.held_up), "{chrome:?}");
        let firefox = total(&dead(), Kind::Firefox);
        assert!((20..=40).contains(&firefox.held_up) && firefox.failed == 0, "{firefox:?}");
        let winhttp = total(&dead(), Kind::Winhttp);
        assert!(winhttp.failed > winhttp.requests / 8 && winhttp.failed == winhttp.held_up);
    }

    #[test]
    fn a_new_table_comes_to_chrome_within_twelve_hours() {
        let (before, after) = (router(4), router(5));
        let change = Scenario { seconds: 24 * 3600, every: 300, ..scenario(&before, &after) };
        let curves = simulate(&change);
        let chrome = &curves[0].shares;
        let wrong = |range: std::ops::Range<usize>| {
            let share = Share::sum(&chrome[range]);
            share.requests - share.right
        };
        assert!(wrong(0..5) > wrong(20..25) && wrong(30..60) == 0);
        assert_eq!(simulate(&change), curves);
    }
}
