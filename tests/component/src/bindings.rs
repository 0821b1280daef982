//! Generated from wit/, which has the words.

#![allow(missing_docs, reason = "wit/ has the words")]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package component-tests:host;
        world engine-host {
            import harperdb:bigquery-ingestor/storage@2.0.0;
            import harperdb:bigquery-ingestor/logging@2.0.0;
            export harperdb:bigquery-ingestor/sync@2.0.0;
        }
    ",
    imports: { default: trappable },
    with: { "harperdb:bigquery-ingestor/storage.write": crate::imports::StartedWrite },
});
