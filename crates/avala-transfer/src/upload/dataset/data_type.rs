//! Determines data types by the suffixes of files.

use avala_types::DataType;

use crate::error::{Error, ErrorKind};

/// Suffixes of each data type. Longer suffixes are compared first: `.compressed.ply` before `.ply`.
const SUFFIXES: [(&str, DataType); 21] = [
    (".compressed.ply", DataType::Splat),
    (".alp.gz", DataType::Lidar),
    (".episode", DataType::Video),
    (".ksplat", DataType::Splat),
    (".splat", DataType::Splat),
    (".jpeg", DataType::Image),
    (".webp", DataType::Image),
    (".tiff", DataType::Image),
    (".webm", DataType::Video),
    (".mcap", DataType::Mcap),
    (".jpg", DataType::Image),
    (".png", DataType::Image),
    (".bmp", DataType::Image),
    (".gif", DataType::Image),
    (".tif", DataType::Image),
    (".mp4", DataType::Video),
    (".mkv", DataType::Video),
    (".mov", DataType::Video),
    (".alp", DataType::Lidar),
    (".ply", DataType::Splat),
    (".sog", DataType::Splat),
];
const SPZ: &str = ".spz";

/// Returns the data type of a file; `None` for other suffixes. Case is ignored.
pub(crate) fn of_path(path: &str) -> Option<DataType> {
    let path = path.to_ascii_lowercase();
    let known = SUFFIXES.iter().find(|(suffix, _)| path.ends_with(suffix)).map(|(_, data_type)| data_type.clone());
    known.or_else(|| path.ends_with(SPZ).then_some(DataType::Splat))
}

/// Determines the data type of a dataset from its files, or checks the type that the caller set.
pub(crate) fn of_files<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    wanted: Option<&DataType>,
) -> Result<DataType, Error> {
    let mut found: Vec<DataType> = Vec::new();
    for data_type in paths.into_iter().filter_map(of_path) {
        if !found.contains(&data_type) {
            found.push(data_type);
        }
    }
    let refused = |message: &str, help: &str| Err(Error::new(ErrorKind::Source, message).help(help));
    match (wanted, &found[..]) {
        (Some(wanted), found) if found.contains(wanted) || !is_inferred(wanted) => Ok(wanted.clone()),
        (Some(wanted), _) => refused(
            &format!("no file has the data type `{wanted}`: the dataset would be empty"),
            "correct the data type, or add files of that type",
        ),
        (None, [only]) => Ok(only.clone()),
        (None, []) => refused("no file has a known suffix", "set the data type with `data_type`"),
        (None, several) => {
            let names: Vec<_> = several.iter().map(DataType::as_str).collect();
            refused(
                &format!("the files have several data types: {}", names.join(", ")),
                "upload them separately, or set one with `data_type`",
            )
        }
    }
}

/// Returns whether the suffixes of a type are known, so that missing files of the type can be detected.
fn is_inferred(data_type: &DataType) -> bool {
    SUFFIXES.iter().any(|(_, known)| known == data_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_compared_without_case_and_longest_first() {
        for (path, expected) in [
            ("a.JPG", Some(DataType::Image)),
            ("a.alp.gz", Some(DataType::Lidar)),
            ("a.gz", None),
            ("a.compressed.ply", Some(DataType::Splat)),
            ("a.spz", Some(DataType::Splat)),
            ("x/run.episode", Some(DataType::Video)),
            ("a.mcap", Some(DataType::Mcap)),
            ("mcap", None),
        ] {
            assert_eq!(of_path(path), expected, "{path}");
        }
    }

    #[test]
    fn type_is_inferred_only_if_it_is_certain() {
        let of = |paths: &[&str], wanted: Option<DataType>| of_files(paths.iter().copied(), wanted.as_ref());
        assert_eq!(of(&["a.jpg", "b.png", "c.txt"], None).unwrap(), DataType::Image);
        assert!(of(&["a.txt"], None).unwrap_err().to_string().contains("data_type"));
        assert!(of(&["a.jpg", "b.mp4"], None).unwrap_err().to_string().contains("image, video"));
        assert_eq!(of(&["a.jpg", "b.mp4"], Some(DataType::Video)).unwrap(), DataType::Video);
        assert!(of(&["a.jpg"], Some(DataType::Mcap)).unwrap_err().to_string().contains("empty"));
        assert_eq!(of(&["a.pcd"], Some(DataType::PointCloud)).unwrap(), DataType::PointCloud);
    }
}
