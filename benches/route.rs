//! What a decision costs: `cargo bench --bench route`.
//!
//! The goal: the owner of a 96-byte URL among 16 members in at most 100 ns, its hash included.
#![expect(clippy::unwrap_used, reason = "criterion's macros, and a bench may panic")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use parray::route::Router;
use pat::{HashName, Header, LoadFactor, Member, Table};

fn router(members: u32, hash: HashName, even: bool) -> Router {
    let mut header = Header::new("bench".parse().unwrap());
    header.array_enabled = true;
    header.hash = hash;
    let member = |i: u32| {
        let name = format!("cache{i:04}.example.net").parse().unwrap();
        let mut member = Member::new(name, 3128.try_into().unwrap());
        member.load_factor =
            LoadFactor::try_from(if even { 100 } else { 50 + i % 7 * 50 }).unwrap();
        member
    };
    Router::new(Arc::new(Table::new(header, (0..members).map(member).collect()).unwrap()))
}

/// URLs of 96 bytes, all different.
fn urls() -> Vec<String> {
    let url = |i: u32| {
        format!("http://www{:03}.example.com/{:064x}/i.png", i % 977, u64::from(i) * 0x9e37_79b9)
    };
    let urls: Vec<String> = (0..4096).map(url).map(|url| url.chars().take(96).collect()).collect();
    assert!(urls.iter().all(|url| url.len() == 96));
    urls
}

fn parts(c: &mut Criterion) {
    let urls = urls();
    let router = router(16, HashName::HrwSip13, true);
    let mut next = urls.iter().cycle();
    c.bench_function("the key alone", |b| {
        b.iter(|| black_box(router.key(next.next().unwrap())));
    });
    let mut next = urls.iter().cycle();
    let sip = siphasher::sip::SipHasher13::new();
    c.bench_function("SipHash-1-3 alone", |b| {
        b.iter(|| black_box(sip.hash(next.next().unwrap().as_bytes())));
    });
}

fn owner(c: &mut Criterion) {
    let urls = urls();
    let mut group = c.benchmark_group("owner of a 96-byte URL");
    for hash in [HashName::HrwSip13, HashName::Carp10] {
        for (members, even) in [(4, true), (16, true), (16, false), (64, true), (1024, true)] {
            let router = router(members, hash, even);
            let id = BenchmarkId::new(
                hash.as_str(),
                format!("{members}{}", if even { "" } else { " uneven" }),
            );
            let keys: Vec<_> = urls.iter().map(|url| router.key(url)).collect();
            let mut next = keys.iter().cycle();
            group.bench_function(id, |b| {
                b.iter(|| black_box(router.owner(next.next().unwrap())));
            });
        }
    }
    group.finish();
}

fn ranking(c: &mut Criterion) {
    let urls = urls();
    let router = router(16, HashName::HrwSip13, true);
    let mut next = urls.iter().cycle();
    c.bench_function("whole ranking of 16", |b| {
        b.iter(|| black_box(router.ranking(&router.key(next.next().unwrap())).len()));
    });
}

criterion_group!(benches, parts, owner, ranking);
criterion_main!(benches);
