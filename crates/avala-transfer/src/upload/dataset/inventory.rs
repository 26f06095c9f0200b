//! Finds the files of a dataset upload and their data type.

use avala_types::DataType;

use crate::error::{Error, ErrorKind};
use crate::run::blocking;
use crate::source::names;
use crate::source::walk::{self, SourceFile};
use crate::transfers::Transfers;
use crate::upload::dataset::data_type;
use crate::upload::dataset::settings::DatasetUpload;

/// The files of an upload and their data type.
#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) data_type: DataType,
}

pub(crate) async fn inventory(transfers: &Transfers, settings: &DatasetUpload) -> Result<Inventory, Error> {
    if settings.name.trim().is_empty() {
        return Err(Error::new(ErrorKind::Configuration, "the dataset has no name").help("set a display name"));
    }
    if let Some(problem) = names::problem(&settings.name) {
        let message = format!("the name is a part of the paths in the storage, and {problem}");
        return Err(Error::new(ErrorKind::Configuration, message)
            .about(&settings.name)
            .help("choose another display name"));
    }
    let mut options = settings.walk.clone();
    options.forbidden = Some(transfers.state().path().to_owned());
    let sources = settings.sources.clone();
    let files = blocking(move || walk::files(&sources, &options)).await?;
    if files.is_empty() {
        let mut error = Error::new(ErrorKind::Source, "there are no files to upload");
        if let Some(source) = settings.sources.first() {
            error = error.about_path(source);
        }
        return Err(error.help("add a source that has files"));
    }
    let paths = files.iter().map(|file| file.path.as_str());
    let data_type =
        data_type::of_files(paths, settings.data_type.as_ref()).map_err(|error| error.about(&settings.name))?;
    Ok(Inventory { files, data_type })
}
