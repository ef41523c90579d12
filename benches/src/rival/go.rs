//! Go's runtime, measured by a Go program with the same workloads.
//!
//! The sources lie in `benches/go` and are built beside this program with whatever `go` is at hand:
//! the one that `GORT_GO` names, else the one on the path. Nothing is fetched for it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The sources of the Go program.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/go");

/// The Go program, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct GoProgram {
    pub(crate) path: PathBuf,
    /// The release of Go, such as `1.27.3`.
    pub(crate) version: String,
}

/// Builds the Go program; `None` if the machine has no Go.
///
/// # Errors
///
/// If `GORT_GO` names something that is no Go, or if the build fails.
pub(crate) fn build() -> io::Result<Option<GoProgram>> {
    let named = env::var_os("GORT_GO").filter(|go| !go.is_empty());
    let go = named.clone().unwrap_or_else(|| OsString::from("go"));
    let version = match Command::new(&go)
        .arg("version")
        .stderr(Stdio::null())
        .output()
    {
        Ok(output) if output.status.success() => version(&output.stdout),
        _ if named.is_none() => return Ok(None),
        Ok(output) => return Err(refused(&go, &output.status.to_string())),
        Err(error) => return Err(refused(&go, &error.to_string())),
    };
    let exe = env::current_exe()?;
    let beside = exe.parent().ok_or(ErrorKind::NotFound)?.join("go-peer");
    let path = beside.join(format!("gort-benches-go{}", env::consts::EXE_SUFFIX));
    let status = build_command(&go, &beside, &path).status()?;
    if !status.success() {
        return Err(io::Error::other(format!(
            "the Go program was not built: {status}"
        )));
    }
    Ok(Some(GoProgram { path, version }))
}

fn build_command(go: &OsStr, beside: &Path, path: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .current_dir(SOURCES)
        .args(["build", "-o"])
        .args([path, Path::new(".")])
        .env("GOCACHE", beside.join("cache"))
        .env("GOPATH", beside.join("path"))
        .env("GOENV", "off")
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    command
}

fn refused(go: &OsStr, why: &str) -> io::Error {
    io::Error::other(format!("GORT_GO={}: {why}", go.to_string_lossy()))
}

/// The release in the line `go version go1.27.3 linux/amd64`.
fn version(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let word = line.split_whitespace().nth(2).unwrap_or("unknown");
    word.trim_start_matches("go").to_owned()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn version_is_the_third_word_without_go() {
        assert_eq!(version(b"go version go1.27.3 linux/amd64\n"), "1.27.3");
        assert_eq!(version(b""), "unknown");
    }
}
