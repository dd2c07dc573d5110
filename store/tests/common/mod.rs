//! A database of its own for each test, with the schema in place, dropped at the end.

#![allow(dead_code, reason = "each test file uses a part of it")]

use mainstay_store::{Options, Store};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

/// A fresh database. Tests connect as a superuser, so they can also tamper.
pub struct TestDatabase {
    pub store: Store,
    pub url: String,
    server: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    pub async fn new() -> Self {
        let url = std::env::var("MAINSTAY_TEST_DATABASE_URL").expect(
            "MAINSTAY_TEST_DATABASE_URL is not set: these tests need a Postgres server on which \
             they may create databases; `cargo xtask test` starts one",
        );
        let server: PgConnectOptions = url.parse().expect("it is a Postgres address");
        let name = format!("mainstay_test_{:016x}", rand::random::<u64>());
        let mut connection = server.connect().await.expect("the Postgres server answers");
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .expect("the user may create databases");
        connection.close().await.expect("closes");
        let url = with_database(&url, &name);
        let options = Options { reads: 4, acts: 4, background: 4 };
        let store = Store::connect(&url, options).await.expect("connects");
        store.migrate().await.expect("migrates");
        Self { store, url, server, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let server = self.server.clone();
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A test's runtime may be gone or unwinding, so the last statement gets its own.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = server.connect().await?;
                connection.execute(AssertSqlSafe(drop)).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        if let Ok(Err(error)) = thread.join() {
            eprintln!("the test database {} is left behind: {error}", self.name);
        }
    }
}

/// The same address with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let scheme_end = address.find("://").map_or(0, |at| at + 3);
    let end = address[scheme_end..].find('/').map_or(address.len(), |at| scheme_end + at);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{name}{query}", &address[..end])
}
