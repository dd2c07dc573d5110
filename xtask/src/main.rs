//! The project's own commands: `cargo xtask …`.
//!
//! Owns: building the console, running everything on one machine, the tests, and the rules of the
//! house that a machine checks. Must not: be needed by anything that runs in production.

mod bench;
mod build;
mod need;
mod repo;
mod sqlx;
mod step;
mod test;
mod tidy;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Mainstay's own commands", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the console (wasm, script, style) and the programs
    Build(build::Arguments),
    /// Build and run everything on this machine: Postgres, the server, a small fleet
    Up(up::Arguments),
    /// Install what the tests need, and run them all
    Test(test::Arguments),
    /// Measure speed and size, as a table: see docs/bench.md
    Bench(bench::Arguments),
    /// Renew the offline metadata of the SQL (.sqlx), or check that it is current
    Sqlx(sqlx::Arguments),
    /// Clippy over everything, and the queries against the schema, in one compile
    Lints,
    /// Check the rules of the house
    Tidy,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Up(arguments) => up::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Sqlx(arguments) => sqlx::run(&arguments),
        Command::Lints => sqlx::lints(),
        Command::Tidy => tidy::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
