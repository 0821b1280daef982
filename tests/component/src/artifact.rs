//! The component under test: built, and compiled to machine code, once a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The component and the wasmtime engine that it was compiled for.
///
/// `ENGINE_WASM` names the file; without it, the file is built first, in a target directory of its own so that a `cargo`
/// that runs the tests does not wait for itself.
///
/// # Panics
/// When it cannot be built or is no component; the message is the compiler's.
pub fn compiled() -> &'static (Engine, Component) {
    static COMPILED: OnceLock<(Engine, Component)> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let file = std::env::var_os("ENGINE_WASM").map_or_else(build, PathBuf::from);
        let engine = Engine::default();
        let component = Component::from_file(&engine, &file);
        let component = component.unwrap_or_else(|error| panic!("{} is no component: {error:#}", file.display()));
        (engine, component)
    })
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("target/engine");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "-p", "ingestor-engine", "--target-dir"])
        .arg(&target)
        .current_dir(&root)
        .status()
        .expect("cargo, which runs this test, can be run");
    assert!(status.success(), "the engine component cannot be built; `rustup target add wasm32-wasip2` may be missing");
    target.join("wasm32-wasip2/release/ingestor_engine.wasm")
}
