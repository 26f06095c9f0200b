//! Decoding of single models and pages.

use std::hint::black_box;

use avala_bench::data;
use avala_types::{CursorPage, DataType, Dataset, DatasetItem, DatasetSequence, DatasetUid, Timestamp};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::DeserializeOwned;

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(black_box(text)).ok()
}

fn small(criterion: &mut Criterion) {
    criterion.bench_function("timestamp/parse", |b| {
        b.iter(|| black_box("2025-01-15T09:30:00.123456Z").parse::<Timestamp>());
    });
    criterion
        .bench_function("timestamp/decode", |b| b.iter(|| decode::<Timestamp>(r#""2025-01-15T09:30:00.123456Z""#)));
    criterion.bench_function("open enumeration/known", |b| b.iter(|| decode::<DataType>(r#""pointcloud""#)));
    criterion.bench_function("open enumeration/newer", |b| b.iter(|| decode::<DataType>(r#""hologram""#)));
    let uid = format!("{:?}", data::DATASET);
    criterion.bench_function("id", |b| b.iter(|| decode::<DatasetUid>(&uid)));
    let dataset = data::dataset();
    criterion.bench_function("dataset", |b| b.iter(|| decode::<Dataset>(&dataset)));
}

fn page(criterion: &mut Criterion) {
    let page = data::page(0, None);
    let mut group = criterion.benchmark_group("page");
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("100 items", |b| b.iter(|| decode::<CursorPage<DatasetItem>>(&page)));
    group.finish();
}

fn sequence(criterion: &mut Criterion) {
    let text = data::sequence();
    let mut group = criterion.benchmark_group("sequence");
    group.sample_size(20).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("decode", |b| b.iter(|| decode::<DatasetSequence>(&text)));
    if let Some(sequence) = decode::<DatasetSequence>(&text) {
        group.bench_function("find frames", |b| b.iter(|| black_box(&sequence).raw_frames().count()));
        group.bench_function("type frames", |b| {
            b.iter(|| black_box(&sequence).typed_frames().filter(Result::is_ok).count());
        });
    }
    group.finish();
}

criterion_group!(benches, small, page, sequence);
criterion_main!(benches);
