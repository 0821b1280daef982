//! The components under test: built, and compiled to machine code, once a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, OptLevel, RegallocAlgorithm};

/// The component and the wasmtime engine that it was compiled for.
///
/// `ENGINE_COMPONENT` names the file; without it, the file is built as `npm run build -w host-shim` does.
///
/// # Panics
/// When it cannot be built or is no component; the message is the compiler's.
pub fn compiled() -> &'static (Engine, Component) {
    static COMPILED: OnceLock<Result<(Engine, Component), String>> = OnceLock::new();
    let file = || std::env::var_os("ENGINE_COMPONENT").map_or_else(|| build("ingestor-engine"), |file| Ok(file.into()));
    COMPILED.get_or_init(|| compile(file()?)).as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

/// A component that takes the engine's place and tries to get out.
///
/// # Panics
/// When it cannot be built or is no component; the message is the compiler's.
pub fn intruder() -> &'static (Engine, Component) {
    static COMPILED: OnceLock<Result<(Engine, Component), String>> = OnceLock::new();
    COMPILED.get_or_init(|| compile(build("intruder")?)).as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

fn compile(file: PathBuf) -> Result<(Engine, Component), String> {
    let mut config = Config::new();
    // Compiling takes longer than all that the tests do, so it is done quickly rather than well.
    config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    let engine = Engine::new(&config).map_err(|error| error.to_string())?;
    match Component::from_file(&engine, &file) {
        Ok(component) => Ok((engine, component)),
        Err(error) => Err(format!("{} is no component: {error:#}", file.display())),
    }
}

fn build(package: &str) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--target", "wasm32-wasip2", "--package", package])
        .current_dir(&root)
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{package} cannot be built; `rustup target add wasm32-wasip2` may be missing"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join(format!("wasm32-wasip2/release/{}.wasm", package.replace('-', "_"))))
}
