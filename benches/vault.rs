//! Encryption of stored data: sealing a value, opening it, and computing its blind index.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vouch::crypto::master_key::MasterKey;
use vouch::crypto::vault::{BlindIndex, Column, Purpose, Vault};

const VALUE: &str = "somebody.ordinary@example.com email";

fn vault(c: &mut Criterion) {
    let vault = Vault::new(&MasterKey::generate());
    let owner = BlindIndex::new([7; 16]);
    let sealed = vault.seal(Column::BindingAddress, &owner, VALUE);
    let mut group = c.benchmark_group("vault");
    group.throughput(Throughput::Elements(1));
    group.bench_function("seal", |b| b.iter(|| vault.seal(Column::BindingAddress, &owner, black_box(VALUE))));
    group.bench_function("open", |b| {
        b.iter(|| vault.open(Column::BindingAddress, owner.as_ref(), black_box(&sealed)));
    });
    group.bench_function("index", |b| {
        b.iter(|| vault.index(Purpose::BindingAddress, &[b"email", black_box(VALUE.as_bytes())]));
    });
    group.finish();
}

criterion_group!(benches, vault);
criterion_main!(benches);
