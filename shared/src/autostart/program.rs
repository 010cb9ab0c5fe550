//! Where the programs are, so that they are found by who has another PATH.

use std::path::PathBuf;

use super::failed;
use crate::error::Result;

/// The path of one of our programs: beside the one that runs, or on the PATH.
///
/// # Errors
/// [`ErrorCode::System`](crate::ErrorCode::System) when it is nowhere, or in a place whose name cannot be written down.
pub(super) fn path(name: &str) -> Result<String> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(std::env::split_paths(&on_path));
    let mut found =
        folders.map(|folder| folder.join(&file)).filter(|path| path.is_absolute() && path.is_file());
    let Some(found) = found.next() else {
        return Err(failed(format!(
            "{name} was found neither beside this program nor on the PATH. Install it first."
        )));
    };
    written(found)
}

fn written(path: PathBuf) -> Result<String> {
    match path.into_os_string().into_string() {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text),
        Ok(text) => {
            Err(failed(format!("{text:?} has a control character in it. Move the program elsewhere.")))
        }
        Err(path) => Err(failed(format!("{} is no Unicode. Move the program elsewhere.", path.display()))),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn programs_are_found_by_their_whole_path() {
        assert!(path("sh").unwrap().ends_with("/sh"));
        let words = path("kortti-none").unwrap_err().message;
        assert_eq!(
            words,
            "kortti-none was found neither beside this program nor on the PATH. Install it first."
        );
    }

    #[test]
    fn what_could_begin_a_line_of_its_own_is_refused() {
        for bad in [&b"/a\nb"[..], b"/a\x1bb", b"/a\xff"] {
            assert!(written(OsStr::from_bytes(bad).into()).is_err());
        }
        assert_eq!(written("/a b/ä".into()).unwrap(), "/a b/ä");
    }
}
