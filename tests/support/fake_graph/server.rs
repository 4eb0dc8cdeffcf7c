//! Real HTTP on loopback, with connections that can be cut.

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// A connection with a switch: once cut, nothing more is written to it.
pub struct Cuttable {
    stream: TcpStream,
    switch: Switch,
}

/// The switch, and which run opened the connection.
#[derive(Clone)]
pub struct Switch {
    cut: Arc<AtomicBool>,
    pub run: u64,
}

impl Switch {
    /// Which connection it is; told apart from others while a switch of it is kept.
    pub fn connection(&self) -> usize {
        Arc::as_ptr(&self.cut) as usize
    }

    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }
}

/// Which connections were opened in which run of the program under test.
#[derive(Clone, Default)]
pub struct Runs {
    now: Arc<AtomicU64>,
    accepted: Arc<Mutex<HashSet<SocketAddr>>>,
}

impl Runs {
    pub fn is_now(&self, run: u64) -> bool {
        self.now.load(Ordering::SeqCst) == run
    }

    /// The last run's process is gone, the next begins. What it opened may still wait to be accepted, or to be read:
    /// connections are accepted in order, so whatever comes before one of our own is the last run's.
    pub fn next(&self, server: SocketAddr) {
        let own =
            std::net::TcpStream::connect(server).and_then(|stream| stream.local_addr()).expect("the server listens");
        while !self.accepted.lock().unwrap_or_else(PoisonError::into_inner).remove(&own) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.now.fetch_add(1, Ordering::SeqCst);
    }
}

pub struct Loopback(pub TcpListener, pub Runs);

impl Listener for Loopback {
    type Io = Cuttable;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        let run = self.1.now.load(Ordering::SeqCst);
        self.1.accepted.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        (Cuttable { stream, switch: Switch { cut: Arc::default(), run } }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().switch.clone()
    }
}

impl Cuttable {
    fn check(&self) -> io::Result<()> {
        if self.switch.cut.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
