//! Transactions: serializable, bounded in time, tried again when they lost against another.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::time::Duration;

use rand::Rng;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{Result, Store, StoreError};

/// How often a transaction is tried before a conflict is reported.
pub const TRANSACTION_ATTEMPTS: u32 = 6;
/// Longest that all attempts may take together, the wait for a connection included.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);
/// The pause after the first conflict; doubles with each, plus as much again at random.
const BACKOFF: Duration = Duration::from_millis(4);

/// An open transaction; dereferences to the connection, so a query runs on `&mut **tx`.
///
/// `'env` is what the closure given to [`Store::transaction`] may borrow.
pub struct Tx<'env> {
    inner: Transaction<'static, Postgres>,
    env: PhantomData<&'env ()>,
}

impl Deref for Tx<'_> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// What a transaction does: a boxed future over the open [`Tx`].
pub type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

#[derive(Clone, Copy)]
enum Isolation {
    Serializable,
    ReadCommitted,
}

impl Store {
    /// Runs `work` in one serializable transaction and commits it if it returns `Ok`.
    ///
    /// On a conflict it is rolled back and run again, so `work` has no effects but on the
    /// transaction. What is refused by the domain is a value inside `T`, so that the audit entry
    /// of a refusal is committed; an `Err` rolls everything back.
    ///
    /// ```ignore
    /// let (event, command) = (&event, &command);
    /// store.transaction(|tx| Box::pin(async move {
    ///     outbox::insert(tx, command).await?;
    ///     audit::append(tx, event).await
    /// })).await?;
    /// ```
    pub async fn transaction<'env, T, F>(&self, work: F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Tx<'env>) -> Work<'t, T>,
    {
        self.run(Isolation::Serializable, work).await
    }

    /// As [`transaction`](Self::transaction) at READ COMMITTED: for writes that read nothing
    /// they depend on, or lock what they read. Much cheaper under load.
    pub async fn read_committed<'env, T, F>(&self, work: F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Tx<'env>) -> Work<'t, T>,
    {
        self.run(Isolation::ReadCommitted, work).await
    }

    async fn run<'env, T, F>(&self, isolation: Isolation, work: F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Tx<'env>) -> Work<'t, T>,
    {
        let attempts = async {
            let mut attempt = 1;
            loop {
                match self.attempt(isolation, &work).await {
                    Err(StoreError::Conflict(_)) if attempt < TRANSACTION_ATTEMPTS => {
                        tokio::time::sleep(backoff(attempt)).await;
                        attempt += 1;
                    }
                    result => return result,
                }
            }
        };
        tokio::time::timeout(TRANSACTION_TIMEOUT, attempts)
            .await
            .unwrap_or(Err(StoreError::Timeout))
    }

    async fn attempt<'env, T, F>(&self, isolation: Isolation, work: &F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Tx<'env>) -> Work<'t, T>,
    {
        let begin = match isolation {
            Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let mut tx = Tx { inner: self.acts().begin_with(begin).await?, env: PhantomData };
        let result = work(&mut tx).await;
        match result {
            Ok(value) => {
                tx.inner.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to report; a failed rollback closes the connection.
                let _ = tx.inner.rollback().await;
                Err(error)
            }
        }
    }
}

fn backoff(attempt: u32) -> Duration {
    let base = BACKOFF * 2_u32.pow(attempt - 1);
    base + base.mul_f64(rand::rng().random::<f64>())
}
