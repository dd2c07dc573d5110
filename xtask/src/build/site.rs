//! The directory that the server hands out: hashed names, compressed forms, the manifest.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Profile, stamp, wasm};

const MANIFEST: &str = "assets.json";
/// Hexadecimal digits of the hash in a name: 64 bits, enough for a handful of files.
const HASH_DIGITS: usize = 16;

/// The names of the assets, as the server reads them.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    css: String,
    js: String,
    wasm: String,
}

/// Writes all assets and then the manifest; removes what earlier builds left.
pub(super) fn write(site: &Path, profile: Profile, style: &str, bound: &wasm::Bound) -> Result<()> {
    fs::create_dir_all(site).with_context(|| format!("creating {}", site.display()))?;
    let manifest = Manifest {
        css: hashed("console", "css", style.as_bytes()),
        js: hashed("app", "js", &bound.script),
        wasm: hashed("app", "wasm", &bound.module),
    };
    let mut keep = BTreeSet::from([MANIFEST.to_owned()]);
    let files = [
        (manifest.css.clone(), style.as_bytes()),
        (manifest.js.clone(), &bound.script),
        (manifest.wasm.clone(), &bound.module),
    ];
    let snippets = bound.snippets.iter().map(|(name, text)| (name.clone(), text.as_slice()));
    for (name, content) in files.into_iter().chain(snippets) {
        write_compressed(site, &name, content, profile)?;
        keep.extend([format!("{name}.br"), format!("{name}.gz"), name]);
    }
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    let draft = site.join("assets.json.new");
    fs::write(&draft, text)?;
    fs::rename(&draft, site.join(MANIFEST))?;
    remove_others(site, &keep)
}

/// Whether the manifest and all that it names are there.
pub(super) fn is_whole(site: &Path) -> bool {
    let Ok(text) = fs::read_to_string(site.join(MANIFEST)) else { return false };
    let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else { return false };
    [manifest.css, manifest.js, manifest.wasm].iter().all(|name| {
        ["", ".br", ".gz"].iter().all(|form| site.join(format!("{name}{form}")).is_file())
    })
}

fn hashed(stem: &str, extension: &str, content: &[u8]) -> String {
    let hash = stamp::hex(&Sha256::digest(content));
    format!("{stem}.{}.{extension}", &hash[..HASH_DIGITS])
}

fn write_compressed(site: &Path, name: &str, content: &[u8], profile: Profile) -> Result<()> {
    let path = site.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    let (quality, level) = match profile {
        Profile::Dev => (4, Compression::fast()),
        Profile::Release => (11, Compression::best()),
    };
    let mut small = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut small, &parameters).context("brotli")?;
    fs::write(site.join(format!("{name}.br")), small)?;
    let mut gzip = GzEncoder::new(Vec::new(), level);
    gzip.write_all(content)?;
    fs::write(site.join(format!("{name}.gz")), gzip.finish()?)?;
    Ok(())
}

fn remove_others(site: &Path, keep: &BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(site)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !keep.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_whole_only_with_every_form_and_loses_what_is_old() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_whole(dir.path()));
        let bound = |text: &str| wasm::Bound {
            script: text.into(),
            module: b"\0asm".to_vec(),
            snippets: Vec::new(),
        };
        write(dir.path(), Profile::Dev, "a{}", &bound("one")).unwrap();
        assert!(is_whole(dir.path()));
        let count = || fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(count(), 10);
        write(dir.path(), Profile::Dev, "a{}", &bound("two")).unwrap();
        assert_eq!(count(), 10, "the first script is gone");
        let name = hashed("app", "js", b"two");
        fs::remove_file(dir.path().join(format!("{name}.br"))).unwrap();
        assert!(!is_whole(dir.path()));
    }
}
