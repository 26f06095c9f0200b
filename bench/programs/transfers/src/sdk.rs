//! Transfers of the SDK.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read as _;

use avala_client::Avala;
use avala_client::transport::{Proxy, RateLimiter};
use avala_client::types::{CreateExport, GetUploadUrls, InitUpload, UploadFile};
use avala_transfer::{DatasetUpload, Transfers};
use sha2::{Digest as _, Sha256};

/// Base URL of the API.
pub(crate) struct Link {
    avala: Avala,
    /// Proxy and the certificate of its CA.
    proxy: Option<(Proxy, Vec<u8>)>,
}

impl Link {
    pub(crate) fn new(api: &str, proxy: &[&str]) -> Result<Self, Box<dyn Error>> {
        let proxy = match *proxy {
            [url, ca] => Some((Proxy::http(url)?, fs::read(ca)?)),
            _ => None,
        };
        let builder = Avala::builder().api_key("avk_bench").base_url(api).allow_insecure_base_url(true);
        let mut builder = builder.rate_limiter(RateLimiter::off());
        if let Some((proxy, ca)) = &proxy {
            let (proxy, ca) = (proxy.clone(), ca.clone());
            builder = builder.transport(|transport| transport.proxy(proxy).root_certificate_pem(ca));
        }
        Ok(Self { avala: builder.build()?, proxy })
    }

    fn transfers(&self, state: &str, at_once: usize) -> Result<Transfers, Box<dyn Error>> {
        let proxy = self.proxy.clone();
        let builder = Transfers::builder(self.avala.clone()).state_folder(state).max_uploads(at_once);
        let builder = builder.storage_connections(move |connections| match &proxy {
            Some((proxy, ca)) => connections.proxy(proxy.clone()).root_certificate_pem(ca.clone()),
            None => connections,
        });
        Ok(builder.build()?)
    }
}

pub(crate) async fn upload(
    link: &Link,
    state: &str,
    name: &str,
    source: &str,
    at_once: usize,
) -> Result<(), Box<dyn Error>> {
    let upload = DatasetUpload::new(name, name).data_type("mcap").source(source).wait(None);
    link.transfers(state, at_once)?.upload_dataset(upload).await?;
    Ok(())
}

pub(crate) async fn download(link: &Link, state: &str, export: &str, target: &str) -> Result<(), Box<dyn Error>> {
    let transfers = link.transfers(state, 10)?;
    // The other programs do not test downloaded files.
    transfers.download_export(export).to_file(target).test_archive(false).await?;
    Ok(())
}

pub(crate) async fn export(link: &Link) -> Result<String, Box<dyn Error>> {
    let project = link.avala.projects().list().await?.items.into_iter().next().ok_or("no project")?;
    let export = link.avala.exports().create(&CreateExport::project(&project.uid)).await?;
    let export = link.avala.exports().wait(&export.uid).await?;
    let url = export.download_url.ok_or("the export has no URL")?;
    Ok(serde_json::json!({ "uid": export.uid.as_str(), "url": url }).to_string())
}

/// Presigns the upload of a recording, the only kind of upload that sends a large file in one PUT.
pub(crate) async fn presign(link: &Link, bytes: u64) -> Result<String, Box<dyn Error>> {
    let mut recordings = link.avala.fleet().recordings().list().items();
    while let Some(recording) = recordings.next().await {
        let uid = recording?.uid;
        let uploads = link.avala.fleet().uploads();
        // A recording that has an upload is refused; the next one is tried.
        let Ok(session) = uploads.init_upload(&uid, &InitUpload::new(vec![UploadFile::new("bench.mcap", bytes)])).await
        else {
            continue;
        };
        let urls =
            uploads.get_upload_urls(&uid, &GetUploadUrls::new(session.uid, vec!["bench.mcap".to_owned()])).await?;
        return Ok(urls.urls.into_iter().next().ok_or("no URL")?.put_url);
    }
    Err("every recording has an upload".into())
}

pub(crate) fn hash(file: &str) -> Result<String, Box<dyn Error>> {
    let (mut file, mut hasher, mut buffer) = (File::open(file)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}
