//! Copies all tasks into a file with one JSON record per line, with a progress bar. After an interruption, the next
//! run continues: no record is lost or written twice.
//!
//! Run it with `cargo run -p avala-examples --bin nightly_sync`, and with the name of a folder to keep the copy there.
//! Without a folder, it demonstrates an interruption: the first run ends after two pages, and the second one continues.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use avala_client::Avala;
use avala_client::types::{Cursor, Json, Task};
use avala_examples::connect;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

/// Where a run stopped: the first `bytes` of the file are from the pages before `cursor`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Checkpoint {
    cursor: Option<String>,
    bytes: u64,
    records: u64,
}

struct NightlyCopy {
    avala: Avala,
    data: PathBuf,
    checkpoint: PathBuf,
}

impl NightlyCopy {
    fn new(avala: &Avala, folder: &Path) -> Self {
        let (data, checkpoint) = (folder.join("tasks.ndjson"), folder.join("checkpoint.json"));
        Self { avala: avala.clone(), data, checkpoint }
    }

    /// Copies pages until the end, or until `pages` are copied. Returns the number of records in the file.
    async fn run(&self, pages: Option<usize>) -> Result<u64, Box<dyn Error>> {
        let mut done = self.read_checkpoint()?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.data)?;
        // Records that a crashed run wrote after its last checkpoint are fetched again.
        file.set_len(done.bytes)?;
        let mut file = append(&file, done.bytes)?;

        let mut list = self.avala.tasks().list().limit(50);
        if let Some(cursor) = &done.cursor {
            list = list.cursor(cursor.parse::<Cursor>()?);
        }
        let bar =
            ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} tasks, {per_sec}")?);
        bar.set_position(done.records);
        // `pages` instead of `items`, because a checkpoint is only correct at the end of a page.
        let mut stream = list.pages();
        let mut copied = 0;
        while pages.is_none_or(|limit| copied < limit) {
            let Some(page) = stream.next().await else {
                bar.finish_and_clear();
                fs::remove_file(&self.checkpoint).or_else(missing_is_fine)?;
                return Ok(done.records);
            };
            for task in page? {
                done.bytes += write_record(&mut file, &task)?;
                done.records += 1;
                bar.inc(1);
            }
            file.flush()?;
            file.get_ref().sync_data()?;
            copied += 1;
            done.cursor = stream.cursor().map(ToString::to_string);
            if done.cursor.is_some() {
                self.write_checkpoint(&done)?;
            }
        }
        bar.abandon();
        Ok(done.records)
    }

    fn read_checkpoint(&self) -> Result<Checkpoint, Box<dyn Error>> {
        match fs::read(&self.checkpoint) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Checkpoint::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the checkpoint atomically, so that a crash leaves the old or the new one.
    fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error>> {
        let new = self.checkpoint.with_extension("new");
        let mut file = File::create(&new)?;
        serde_json::to_writer(&mut file, checkpoint)?;
        file.sync_all()?;
        fs::rename(&new, &self.checkpoint)?;
        Ok(())
    }
}

fn append(file: &File, position: u64) -> Result<BufWriter<File>, std::io::Error> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(position))?;
    Ok(BufWriter::new(file))
}

/// Writes a record as one line, including unknown fields. Returns the number of bytes.
fn write_record(file: &mut BufWriter<File>, task: &Task) -> Result<u64, Box<dyn Error>> {
    let line = Json::encode(task)?;
    writeln!(file, "{}", line.get())?;
    Ok(line.get().len() as u64 + 1)
}

fn missing_is_fine(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection = connect().await?;
    if let Some(folder) = std::env::args_os().nth(1) {
        let folder = PathBuf::from(folder);
        fs::create_dir_all(&folder)?;
        println!("{} tasks", NightlyCopy::new(&connection.avala, &folder).run(None).await?);
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("avala-nightly-sync-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let sync = NightlyCopy::new(&connection.avala, &folder);
    println!("first run, interrupted: {} tasks", sync.run(Some(2)).await?);
    // An incomplete record of a crashed run.
    OpenOptions::new().append(true).open(&sync.data)?.write_all(br#"{"uid": "ha"#)?;
    println!("second run: {} tasks", sync.run(None).await?);

    let lines = fs::read_to_string(&sync.data)?;
    let uids: Result<std::collections::BTreeSet<_>, _> =
        lines.lines().map(|line| serde_json::from_str::<Task>(line).map(|task| task.uid)).collect();
    println!("{} lines, {} different tasks", lines.lines().count(), uids?.len());
    fs::remove_dir_all(&folder)?;
    Ok(())
}
