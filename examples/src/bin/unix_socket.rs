//! Calls over a Unix socket, to a gateway on the same machine that holds the network connection.
//!
//! Run it with `cargo run -p avala-examples --bin unix_socket`. The gateway of this example copies bytes to a sandbox.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

#[cfg(unix)]
mod gateway {
    use std::error::Error;
    use std::path::{Path, PathBuf};

    use avala_client::transport::Body;
    use avala_examples::builder_of;
    use avala_sandbox::Sandbox;
    use http::header::HOST;
    use http::{HeaderValue, Request, Response, Uri};
    use hyper::body::Incoming;
    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpStream, UnixListener, UnixStream};
    use tower::{BoxError, service_fn};

    /// Sends a request over a new connection to the socket. A pool would keep the connection for the next request.
    async fn send(socket: PathBuf, mut request: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let stream = UnixStream::connect(socket).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        // Below the layers, the request has its complete URL. On the wire, the host is a header.
        if let Some(authority) = request.uri().authority() {
            let host = HeaderValue::try_from(authority.as_str())?;
            request.headers_mut().insert(HOST, host);
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::try_from(path)?;
        Ok(sender.send_request(request).await?)
    }

    /// Copies bytes between each connection of the socket and the sandbox.
    async fn serve(listener: UnixListener, sandbox: String) -> std::io::Result<()> {
        loop {
            let (mut from, _) = listener.accept().await?;
            let address = sandbox.clone();
            tokio::spawn(async move {
                let mut to = TcpStream::connect(address).await?;
                tokio::io::copy_bidirectional(&mut from, &mut to).await
            });
        }
    }

    pub(crate) async fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
        let sandbox = Sandbox::start().await?;
        let socket = folder.join("gateway.sock");
        let listener = UnixListener::bind(&socket)?;
        let address = sandbox.url().trim_start_matches("http://").to_owned();
        let server = tokio::spawn(serve(listener, address));

        let path = socket.clone();
        let avala = builder_of(&sandbox).service(service_fn(move |request| send(path.clone(), request))).build()?;
        let page = avala.datasets().list().limit(3).await?;
        println!("{} datasets over the Unix socket", page.items.len());
        println!("is there a dataset `d404`? {}", avala.datasets().get("d404").await.is_ok());

        server.abort();
        Ok(())
    }
}

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("avala-unix-socket-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = gateway::run(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

#[cfg(not(unix))]
fn main() {
    println!("there are no Unix sockets on this system");
}
