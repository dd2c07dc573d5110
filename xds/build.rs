//! Compiles the part of Envoy's log protocol that is read, with a compiler that is itself a crate.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto/als.proto");
    let files = protox::compile(["proto/als.proto"], ["proto"])?;
    tonic_prost_build::configure().build_client(false).compile_fds(files)?;
    Ok(())
}
