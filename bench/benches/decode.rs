//! What decoding a page costs: BigQuery's JSON to records with ids, ready for storage.

use std::hint::black_box;
use std::rc::Rc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ingestor_core::config::NumericForm;
use ingestor_core::decode::{Batch, LayoutSettings, PageDecoder};

const ROWS: usize = 10_000;

/// What one read of a response body usually brings.
const CHUNK_BYTES: usize = 64 * 1024;

fn decode(page: &str, settings: &Rc<LayoutSettings>) -> Batch {
    let mut decoder = PageDecoder::new(settings.clone(), None, 1_764_590_400_000_000);
    for chunk in page.as_bytes().chunks(CHUNK_BYTES) {
        decoder.push(chunk).expect("the page is one of BigQuery's");
    }
    let mut batch = decoder.finish().expect("the page is complete").batch;
    assert_eq!(batch.len(), ROWS);
    black_box(batch.slices(100, usize::MAX));
    batch
}

fn pages(criterion: &mut Criterion) {
    let page = ingestor_bench::vessel_positions(ROWS);
    let settings = |key_columns: &[&str]| {
        Rc::new(LayoutSettings {
            timestamp_column: "timestamp".into(),
            key_columns: key_columns.iter().map(|&column| column.to_owned()).collect(),
            numeric: NumericForm::String,
        })
    };
    let (by_content, by_key) = (settings(&[]), settings(&["mmsi", "timestamp"]));

    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("8 columns", |bencher| bencher.iter(|| decode(black_box(&page), &by_content)));
    group.bench_function("8 columns, key columns", |bencher| bencher.iter(|| decode(black_box(&page), &by_key)));
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);
