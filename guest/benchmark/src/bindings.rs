//! Bindings of the world `benchmark`, made from `wit/`.
#![allow(missing_docs, unsafe_op_in_unsafe_fn, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "benchmark",
    pub_export_macro: true,
    with: {
        "wasi:http/outgoing-handler@0.2.12": wasip2::http::outgoing_handler,
        "wasi:http/types@0.2.12": wasip2::http::types,
        "wasi:clocks/monotonic-clock@0.2.12": wasip2::clocks::monotonic_clock,
        "wasi:clocks/wall-clock@0.2.12": wasip2::clocks::wall_clock,
        "wasi:random/random@0.2.12": wasip2::random::random,
        "wasi:io/poll@0.2.12": wasip2::io::poll,
        "wasi:io/error@0.2.12": wasip2::io::error,
        "wasi:io/streams@0.2.12": wasip2::io::streams,
    },
});
