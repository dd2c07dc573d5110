//! Bringing a full copy along to another repository, so that a differential can be made there.
//!
//! The engine knows no such thing, but takes in a copy whose folder it finds. So the folder is
//! copied beside its place, and moved there when all of it is on the disk: whatever breaks off
//! leaves no half of a copy. Only between repositories in directories of this machine, and where
//! neither is encrypted: each repository has a key of its own for what lies in it.

use std::path::{Path, PathBuf};

use mainstay_core::backup::job::{Cause, Failure, Parent};
use mainstay_core::id::DatacenterId;
use tokio_util::sync::CancellationToken;

use super::{Base, FILES_DEADLINE, PgBackRest};
use crate::database::config::Repository;
use crate::database::run::{Call, Group, call};
use crate::database::sql::short;

/// From ($1) to ($2) by way of ($3).
const COPY: &str = r#"
set -e
trap 'rm -rf -- "$3"' EXIT
rm -rf -- "$3"
cp -a -- "$1" "$3"
sync -f "$3"
mv -T -- "$3" "$2"
"#;

impl PgBackRest {
    /// Copies a full copy into the repository of another data centre; `false`: these repositories
    /// are not of a kind that can be copied between.
    pub(super) async fn bring_along(
        &self,
        base: &Base,
        parent: &Parent,
        to: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<bool, Failure> {
        let Parent { datacenter, label } = parent;
        let (from, to) = (self.folder(base, datacenter), self.folder(base, to));
        let (Some(from), Some(to)) = (from, to) else { return Ok(false) };
        let way = to.join(format!(".{label}.along"));
        let mut arguments = ["-c", COPY, "mainstay-along"].map(str::to_owned).to_vec();
        let places = [from.join(&label.0), to.join(&label.0), way];
        arguments.extend(places.iter().map(|path| path.display().to_string()));
        let said = call(
            &Call {
                program: Path::new("/bin/sh"),
                arguments,
                environment: Vec::new(),
                account: base.account,
                group: Group::Own,
                deadline: FILES_DEADLINE,
            },
            stop,
        )
        .await?;
        match said.code {
            Some(0) => Ok(true),
            code => {
                let words = short(&said.all());
                let full = words.contains("No space left on device");
                let cause = if full { Cause::DiskFull } else { Cause::Other { code } };
                Err(Failure::new(cause, words))
            }
        }
    }

    /// Where a repository has the copies of a database; `None`: not in a plain directory.
    fn folder(&self, base: &Base, datacenter: &DatacenterId) -> Option<PathBuf> {
        let known = self.settings.repositories.iter().find(|it| it.datacenter == *datacenter)?;
        Some(directory(known)?.join("backup").join(&base.database.stanza))
    }
}

fn directory(repository: &Repository) -> Option<&Path> {
    let option = |name: &str| repository.options.get(name).map(String::as_str);
    let plain = option("type").is_none_or(|kind| kind == "posix")
        && option("host").is_none()
        && option("cipher-type").is_none_or(|cipher| cipher == "none");
    option("path").filter(|_| plain).map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_directories_can_be_copied_between() {
        let check = |options: &[(&str, &str)], expected: bool| {
            let options = options.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let datacenter = "fra1".parse().unwrap();
            let repository = Repository { datacenter, options: options.collect() };
            assert_eq!(directory(&repository).is_some(), expected, "{repository:?}");
        };
        check(&[("path", "/r")], true);
        check(&[("path", "/r"), ("type", "posix"), ("cipher-type", "none")], true);
        check(&[("path", "/r"), ("type", "s3")], false);
        check(&[("path", "/r"), ("host", "other")], false);
        check(&[("path", "/r"), ("cipher-type", "aes-256-cbc")], false);
    }
}
