//! Looking for entries by who, what, object, result, time and words, over the whole log.
//!
//! Statements are planned for their values. Words and objects are looked for in steps, since how
//! often one occurs, and where, is not known: among the newest entries first, where what is common
//! is found at once; then in the index, which tells all that is rare; then from the newest on in
//! stretches that grow. So no step reads the whole log.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::audit::record::Record;
use mainstay_core::audit::{Action, Entry, Outcome};
use sqlx::{Postgres, Transaction};

use super::{PAGE_MAX, Row, entry_of};
use crate::{Result, Store, StoreError};

/// Newest entries among which words and objects are looked for first.
const NEAR: i64 = 512;
/// What occurs no more often than this is found in the index, all of it.
const RARE_MAX: i64 = 2_000;
/// Ids of the first stretch, and how much longer each next one is.
const STRETCH: i64 = 1 << 16;
const STRETCH_GROWS: i64 = 8;
/// Matches are counted up to here.
const COUNT_MAX: i64 = 2_000;
/// Longest count; after it, no number is told.
const COUNT_TIMEOUT: Duration = Duration::from_millis(100);
/// Longest statement of a search; after it, what was found until then is told.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(3);
/// What a bitmap of matches may take: enough for a log of ten million.
const WORK_MEMORY: &str = "64MB";
/// No clock of a server is ever so far off: times are nearly in the order of ids, and this is what
/// "nearly" means where ids bound a search by time.
const CLOCKS_WITHIN: TimeDelta = TimeDelta::days(1);

/// What a reader looks for; `None` means any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The actor's name, whatever its kind.
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// The object, or anything below it: `/services/feed-api` finds `/services/feed-api/…` too.
    pub object: Option<String>,
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Each has to occur: as it is written, its last part as a beginning.
    pub words: Vec<String>,
}

/// How many entries match, as far as that was cheap to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    Exactly(u64),
    AtLeast(u64),
    Unknown,
}

/// Entries that match, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub entries: Vec<Entry>,
    pub matches: Matches,
    /// It took too long: there may be older ones.
    pub cut: bool,
}

/// Entries that match, newest first, at most `limit` (and [`PAGE_MAX`]), and how many there are.
/// `before`: the id of the last entry of the page before.
pub async fn search(
    store: &Store,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Found> {
    let hits = look(store, filter, before, limit).await?;
    let full = hits.rows.len() as i64 >= limit.clamp(0, PAGE_MAX);
    let matches = match hits.matches {
        Matches::Unknown if !full && !hits.cut => Matches::Exactly(hits.rows.len() as u64),
        Matches::Unknown if !hits.cut => count(store, filter, before).await?,
        Matches::Unknown | Matches::Exactly(_) | Matches::AtLeast(_) => hits.matches,
    };
    let entries = hits.rows.into_iter().map(Row::entry).collect::<Result<_>>()?;
    Ok(Found { entries, matches, cut: hits.cut })
}

/// As [`search`], without how many there are.
pub async fn list(
    store: &Store,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>> {
    records(store, filter, before, limit).await?.into_iter().map(entry_of).collect()
}

/// As [`list`], exactly as they are stored.
pub async fn records(
    store: &Store,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Record>> {
    let hits = look(store, filter, before, limit).await?;
    if hits.cut {
        return Err(StoreError::Timeout);
    }
    hits.rows.into_iter().map(Row::record).collect()
}

struct Hits {
    rows: Vec<Row>,
    matches: Matches,
    cut: bool,
}

async fn look(store: &Store, filter: &Filter, before: Option<i64>, limit: i64) -> Result<Hits> {
    let mut search = Search::begin(store, filter, before, SEARCH_TIMEOUT).await?;
    search.limit = limit.clamp(0, PAGE_MAX);
    let plain = |rows, matches| Hits { rows, matches, cut: false };
    match search.asks_for {
        AsksFor::Nothing => Ok(plain(Vec::new(), Matches::Exactly(0))),
        AsksFor::Columns => Ok(plain(search.plain().await?, Matches::Unknown)),
        AsksFor::Content => search.in_steps().await,
    }
}

/// How many match, up to a bound and as long as it is quick.
async fn count(store: &Store, filter: &Filter, before: Option<i64>) -> Result<Matches> {
    let counted = async {
        let mut search = Search::begin(store, filter, before, COUNT_TIMEOUT).await?;
        search.count().await
    };
    match counted.await {
        Ok(count) if count > COUNT_MAX => Ok(Matches::AtLeast(natural(count - 1))),
        Ok(count) => Ok(Matches::Exactly(natural(count))),
        Err(error) if error.is_cut() => Ok(Matches::Unknown),
        Err(error) => Err(error),
    }
}

fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// What decides how it is looked for.
#[derive(Clone, Copy)]
enum AsksFor {
    /// Words of which none is one.
    Nothing,
    /// What indexes give in the order of the log.
    Columns,
    /// Words, or what lies below an object.
    Content,
}

struct Search<'a> {
    tx: Transaction<'static, Postgres>,
    filter: &'a Filter,
    action: Option<String>,
    outcome: Option<String>,
    /// What lies below the object, as a pattern.
    below: Option<String>,
    /// The words as Postgres reads them.
    query: Option<String>,
    /// Ids are above `low` and below `high`.
    low: i64,
    high: i64,
    limit: i64,
    asks_for: AsksFor,
}

impl<'a> Search<'a> {
    async fn begin(
        store: &Store,
        filter: &'a Filter,
        before: Option<i64>,
        timeout: Duration,
    ) -> Result<Self> {
        let mut tx = store.reads().begin().await?;
        sqlx::query!(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true) AS plans,
                 set_config('work_mem', $1, true) AS memory,
                 set_config('statement_timeout', $2, true) AS timeout",
            WORK_MEMORY,
            timeout.as_millis().to_string()
        )
        .fetch_one(&mut *tx)
        .await?;
        let query = match filter.words.as_slice() {
            [] => None,
            words => {
                sqlx::query_scalar!("SELECT audit_query($1::text[])::text", words)
                    .fetch_one(&mut *tx)
                    .await?
            }
        };
        let asks_for = match (filter.words.is_empty(), &query, &filter.object) {
            (false, None, _) => AsksFor::Nothing,
            (true, None, None) => AsksFor::Columns,
            (false, Some(_), _) | (true, _, _) => AsksFor::Content,
        };
        let mut search = Self {
            tx,
            filter,
            action: filter.action.map(Action::name),
            outcome: filter.outcome.map(Outcome::name),
            below: filter.object.as_deref().map(below),
            query,
            low: 0,
            high: before.unwrap_or(i64::MAX),
            limit: 0,
            asks_for,
        };
        search.bound_by_time().await?;
        Ok(search)
    }

    /// Times bound ids, so that no entry outside of them is read.
    async fn bound_by_time(&mut self) -> Result<()> {
        let (from, until) = (self.filter.from, self.filter.until);
        if from.is_none() && until.is_none() {
            return Ok(());
        }
        let bounds = sqlx::query!(
            "SELECT (SELECT id FROM audit_entry WHERE at < $1 ORDER BY at DESC LIMIT 1) AS low,
                 (SELECT id FROM audit_entry WHERE at >= $2 ORDER BY at LIMIT 1) AS high",
            from.and_then(|from| from.checked_sub_signed(CLOCKS_WITHIN)),
            until.and_then(|until| until.checked_add_signed(CLOCKS_WITHIN))
        )
        .fetch_one(&mut *self.tx)
        .await?;
        self.low = bounds.low.unwrap_or(self.low);
        self.high = self.high.min(bounds.high.unwrap_or(i64::MAX));
        Ok(())
    }

    async fn plain(&mut self) -> Result<Vec<Row>> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
             FROM audit_entry
             WHERE id > $1 AND id < $2
               AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
               AND ($5::text IS NULL OR outcome = $5)
               AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
             ORDER BY id DESC LIMIT $8",
            self.low,
            self.high,
            self.filter.actor.as_ref(),
            self.action.as_ref(),
            self.outcome.as_ref(),
            self.filter.from,
            self.filter.until,
            self.limit
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows)
    }

    async fn count(&mut self) -> Result<i64> {
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM (
                 SELECT FROM audit_entry
                 WHERE id > $1 AND id < $2
                   AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
                   AND ($5::text IS NULL OR outcome = $5)
                   AND ($6::timestamptz IS NULL OR at >= $6)
                   AND ($7::timestamptz IS NULL OR at < $7)
                 LIMIT $8) AS found"#,
            self.low,
            self.high,
            self.filter.actor.as_ref(),
            self.action.as_ref(),
            self.outcome.as_ref(),
            self.filter.from,
            self.filter.until,
            COUNT_MAX + 1
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(count)
    }

    async fn in_steps(&mut self) -> Result<Hits> {
        let (rows, counted) = self.near().await?;
        if rows.len() as i64 >= self.limit {
            return Ok(Hits { rows, matches: Matches::AtLeast(counted), cut: false });
        }
        // From here on rows are found by what they hold, not by going through them.
        sqlx::query!(
            "SELECT set_config('enable_seqscan', 'off', true) AS rows,
                 set_config('enable_indexscan', 'off', true) AS indexes"
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let mut hits = Hits { rows, matches: Matches::Unknown, cut: false };
        match self.deeper(&mut hits).await {
            Err(error) if error.is_cut() => hits.cut = true,
            other => other?,
        }
        Ok(hits)
    }

    async fn deeper(&mut self, hits: &mut Hits) -> Result<()> {
        let mut ids = self.ids().await?;
        if ids.len() as i64 <= RARE_MAX {
            hits.matches = Matches::Exactly(ids.len() as u64);
            ids.sort_unstable_by(|a, b| b.cmp(a));
            ids.truncate(usize::try_from(self.limit).unwrap_or_default());
            hits.rows = self.by_ids(&ids).await?;
            return Ok(());
        }
        hits.matches = Matches::AtLeast(natural(RARE_MAX));
        let newest = self.high.min(self.newest().await?.saturating_add(1));
        let mut stretch = STRETCH;
        loop {
            let from = newest.saturating_sub(stretch).max(self.low);
            hits.rows = self.stretch(from).await?;
            if hits.rows.len() as i64 >= self.limit || from <= self.low {
                return Ok(());
            }
            stretch = stretch.saturating_mul(STRETCH_GROWS);
        }
    }

    /// Matches among the newest, and how many of them there are.
    async fn near(&mut self) -> Result<(Vec<Row>, u64)> {
        let found = sqlx::query!(
            r#"SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq,
                   count(*) OVER () AS "matches!"
               FROM (SELECT * FROM audit_entry WHERE id > $1 AND id < $2
                     ORDER BY id DESC LIMIT $3) AS near
               WHERE ($4::text IS NULL OR actor_name = $4) AND ($5::text IS NULL OR action = $5)
                 AND ($6::text IS NULL OR outcome = $6)
                 AND ($7::timestamptz IS NULL OR at >= $7)
                 AND ($8::timestamptz IS NULL OR at < $8)
                 AND ($9::text IS NULL OR object = $9 OR object LIKE $10)
                 AND ($11::text IS NULL OR audit_words(body) @@ $11::text::tsquery)
               ORDER BY id DESC LIMIT $12"#,
            self.low,
            self.high,
            NEAR,
            self.filter.actor.as_ref(),
            self.action.as_ref(),
            self.outcome.as_ref(),
            self.filter.from,
            self.filter.until,
            self.filter.object.as_ref(),
            self.below.as_ref(),
            self.query.as_ref(),
            self.limit
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let matches = found.first().map_or(0, |row| natural(row.matches));
        let rows = found.into_iter().map(|row| Row {
            id: row.id,
            at: row.at,
            actor_kind: row.actor_kind,
            actor_name: row.actor_name,
            action: row.action,
            object: row.object,
            outcome: row.outcome,
            body: row.body,
            leaf: row.leaf,
            seq: row.seq,
        });
        Ok((rows.collect(), matches))
    }

    /// Ids of matches in no order, one more than [`RARE_MAX`] at most. Entries that have no
    /// position yet are in no index of words; they are few.
    async fn ids(&mut self) -> Result<Vec<i64>> {
        let ids = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM (
               SELECT id FROM audit_entry
               WHERE seq IS NOT NULL AND id > $1 AND id < $2
                 AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
                 AND ($5::text IS NULL OR outcome = $5)
                 AND ($6::timestamptz IS NULL OR at >= $6)
                 AND ($7::timestamptz IS NULL OR at < $7)
                 AND ($8::text IS NULL OR object = $8 OR object LIKE $9)
                 AND ($10::text IS NULL OR audit_words(body) @@ $10::text::tsquery)
               UNION ALL
               SELECT id FROM audit_entry
               WHERE seq IS NULL AND id > $1 AND id < $2
                 AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
                 AND ($5::text IS NULL OR outcome = $5)
                 AND ($6::timestamptz IS NULL OR at >= $6)
                 AND ($7::timestamptz IS NULL OR at < $7)
                 AND ($8::text IS NULL OR object = $8 OR object LIKE $9)
                 AND ($10::text IS NULL OR audit_words(body) @@ $10::text::tsquery)
               ) AS found LIMIT $11"#,
            self.low,
            self.high,
            self.filter.actor.as_ref(),
            self.action.as_ref(),
            self.outcome.as_ref(),
            self.filter.from,
            self.filter.until,
            self.filter.object.as_ref(),
            self.below.as_ref(),
            self.query.as_ref(),
            RARE_MAX + 1
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(ids)
    }

    /// Matches above an id, newest first.
    async fn stretch(&mut self, above: i64) -> Result<Vec<Row>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!", at AS "at!", actor_kind AS "actor_kind!",
                   actor_name AS "actor_name!", action AS "action!", object AS "object!",
                   outcome AS "outcome!", body AS "body!", leaf AS "leaf!", seq
               FROM (
               SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
               FROM audit_entry
               WHERE seq IS NOT NULL AND id > $1 AND id < $2
                 AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
                 AND ($5::text IS NULL OR outcome = $5)
                 AND ($6::timestamptz IS NULL OR at >= $6)
                 AND ($7::timestamptz IS NULL OR at < $7)
                 AND ($8::text IS NULL OR object = $8 OR object LIKE $9)
                 AND ($10::text IS NULL OR audit_words(body) @@ $10::text::tsquery)
               UNION ALL
               SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
               FROM audit_entry
               WHERE seq IS NULL AND id > $1 AND id < $2
                 AND ($3::text IS NULL OR actor_name = $3) AND ($4::text IS NULL OR action = $4)
                 AND ($5::text IS NULL OR outcome = $5)
                 AND ($6::timestamptz IS NULL OR at >= $6)
                 AND ($7::timestamptz IS NULL OR at < $7)
                 AND ($8::text IS NULL OR object = $8 OR object LIKE $9)
                 AND ($10::text IS NULL OR audit_words(body) @@ $10::text::tsquery)
               ) AS found ORDER BY id DESC LIMIT $11"#,
            above,
            self.high,
            self.filter.actor.as_ref(),
            self.action.as_ref(),
            self.outcome.as_ref(),
            self.filter.from,
            self.filter.until,
            self.filter.object.as_ref(),
            self.below.as_ref(),
            self.query.as_ref(),
            self.limit
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows)
    }

    async fn by_ids(&mut self, ids: &[i64]) -> Result<Vec<Row>> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
             FROM audit_entry WHERE id = ANY($1) ORDER BY id DESC",
            ids
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows)
    }

    /// The highest id.
    async fn newest(&mut self) -> Result<i64> {
        let id = sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "id!" FROM audit_entry"#)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(id)
    }
}

/// The pattern of what lies below an object.
fn below(object: &str) -> String {
    let mut pattern = String::with_capacity(object.len() + 2);
    for c in object.chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "/%"
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_in_an_object_is_a_pattern() {
        assert_eq!(super::below("/a_b/%\\"), "/a\\_b/\\%\\\\/%");
    }
}
