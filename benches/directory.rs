//! The parts of a look-up that precede the database query: parsing digests, counting the new ones
//! and searching the directory; and the parts of a rebuild: computing and inserting digests.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use vouch::crypto::master_key::MasterKey;
use vouch::crypto::vault::Vault;
use vouch::identity::directory::{Directories, Directory};
use vouch::identity::pepper::{Digest, Epoch, Peppers, digest};
use vouch::identity::recent_lookups::{RecentLookups, Token};
use vouch::identity::threepid::sealed_lookup_forms;

/// Without optimisation, the benchmarks are only tried.
const BINDINGS: i64 = if cfg!(debug_assertions) { 10_000 } else { 1_000_000 };
const PEPPER: &str = "matrixrocksmatrixrocksmatrixrock";

fn digest_of(number: i64) -> Digest {
    digest(&format!("person{number}@example.com email"), PEPPER)
}

fn epoch() -> Epoch {
    Peppers::new(&[0; 32], Duration::from_hours(24)).current(0)
}

fn digests(c: &mut Criterion) {
    let mut group = c.benchmark_group("digest");
    let sealed = "somebody.ordinary@example.com email";
    group.throughput(Throughput::Elements(1));
    group.bench_function("of a sealed address", |b| {
        b.iter(|| sealed_lookup_forms(black_box(sealed)).map(|form| digest(form, PEPPER)).collect::<Vec<_>>());
    });

    group.throughput(Throughput::Elements(1_000));
    let base64: Vec<_> = (0..1_000).map(|number| digest_of(number).to_base64url()).collect();
    group.bench_function("parse 1,000 in base64", |b| {
        b.iter(|| base64.iter().filter_map(|text| Digest::parse(text)).collect::<Vec<_>>());
    });
    let hex: Vec<_> = (0..1_000).map(|number| format!("{number:064x}")).collect();
    group.bench_function("parse 1,000 in hex", |b| {
        b.iter(|| hex.iter().filter_map(|text| Digest::parse(text)).collect::<Vec<_>>());
    });
    group.finish();
}

fn directory(c: &mut Criterion) {
    let entries: Vec<_> = (1..=BINDINGS).map(|id| (digest_of(id), id)).collect();
    let mut group = c.benchmark_group("directory of 1,000,000");
    group.sample_size(10);
    for (name, expected) in [("fill, size known", entries.len()), ("fill, growing", 0)] {
        group.throughput(Throughput::Elements(BINDINGS.unsigned_abs()));
        group.bench_function(name, |b| {
            let fill = |mut directory: Directory| {
                directory.insert_all(&entries);
                directory
            };
            b.iter_batched(|| Directory::with_capacity(expected), fill, BatchSize::PerIteration);
        });
    }

    let directories = Directories::default();
    directories.begin(epoch(), entries.len());
    assert!(directories.insert_batch(epoch(), &entries));
    directories.finish(epoch());
    println!("{} bytes per binding", directories.memory_bytes() / entries.len());
    group.sample_size(100);
    // A different thousand each time, so that they are not in the CPU cache.
    let unbound = |number: i64| digest_of(BINDINGS + 1 + number);
    let all_hits: Vec<_> = (0..100_000).map(|number| digest_of(number * 7_919 % BINDINGS + 1)).collect();
    let no_hits: Vec<_> = (0..100_000).map(unbound).collect();
    let few_hits: Vec<_> =
        (0..100_000).map(|number| if number % 20 == 0 { digest_of(number + 1) } else { unbound(number) }).collect();
    for (name, digests) in [("find 1,000, all hits", all_hits), ("no hits", no_hits), ("5 % hits", few_hits)] {
        group.throughput(Throughput::Elements(1_000));
        let mut batches = digests.chunks(1_000).cycle();
        group.bench_function(name, |b| {
            b.iter(|| directories.find_many(epoch(), batches.next().expect("a cycle is infinite")));
        });
    }
    group.finish();
}

fn recent_lookups(c: &mut Criterion) {
    let mut group = c.benchmark_group("recent look-ups");
    group.throughput(Throughput::Elements(1_000));
    let vault = Vault::new(&MasterKey::generate());
    let [new, known] = [1, 2].map(|number| {
        let keys = vault.token_keys(&number.to_string());
        Arc::new(Token { hash: [number; 32], index: [number; 16], keys })
    });
    let recent = RecentLookups::new(1_000_000);
    let book: Vec<_> = (0..1_000).map(digest_of).collect();
    group.bench_function("count 1,000 new ones", |b| {
        b.iter(|| recent.new_lookups(&new, epoch(), &book).count());
    });
    recent.add(&known, recent.new_lookups(&known, epoch(), &book));
    group.bench_function("count 1,000 repeats", |b| {
        b.iter(|| recent.new_lookups(&known, epoch(), &book).count());
    });
    group.finish();
}

criterion_group!(benches, digests, directory, recent_lookups);
criterion_main!(benches);
