//! What reading a table costs: `cargo bench --bench table`.
//!
//! The goal: 10 000 members in under 20 ms.
#![expect(clippy::unwrap_used, reason = "criterion's macros, and a bench may panic")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use parray::pac::{PacOptions, generate};
use parray::route::Router;
use pat::{Dialect, Header, Member, Table};

fn table(members: u32) -> Table {
    let mut header = Header::new("bench".parse().unwrap());
    header.array_enabled = true;
    let member = |i: u32| {
        Member::new(format!("cache{i:05}.example.net").parse().unwrap(), 3128.try_into().unwrap())
    };
    Table::new(header, (0..members).map(member).collect()).unwrap()
}

fn tables(c: &mut Criterion) {
    let text = table(10_000).print(Dialect::Draft);
    c.bench_function("read 10 000 members", |b| {
        b.iter(|| black_box(Table::parse(text.as_bytes()).unwrap()));
    });
    let sixteen = Router::new(Arc::new(table(16)));
    c.bench_function("generate the PAC of 16", |b| {
        b.iter(|| black_box(generate(&sixteen, &PacOptions::default()).unwrap()));
    });
}

criterion_group!(benches, tables);
criterion_main!(benches);
